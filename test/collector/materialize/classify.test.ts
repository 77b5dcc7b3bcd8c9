import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { classify } from '../../../collector/materialize/classify/classify.ts';
import {
  CLASS_BY_RULE,
  CLASS_FROM,
  identify,
} from '../../../collector/materialize/classify/identify.ts';
import { fingerprint } from '../../../collector/materialize/fingerprint/v1.ts';
import { CLASS_FACTS } from '../../../instrumentation/semconv/failure-classes.ts';
import { FAILURE_CLASS_VALUES } from '../../../instrumentation/semconv/index.ts';
import { MESSAGES } from './classify-messages.ts';

const ROW = {
  agent_id: 'a',
  node_id: 'n',
  site: '',
  class: 'unclassified',
  error_type: '',
  error_message: '',
  stack_trace: '',
  attributes: {},
};

const evidenceOf = (error_type: string, error_message: string, site = '') => {
  const { words, causes, libraries } = fingerprint({ ...ROW, error_type, error_message });
  return classify({ error_type, words, causes, libraries, site, operation: '' }).evidence;
};

test.each(MESSAGES)('%s: %s: %s', (expected, error_type, error_message, told = {}) => {
  const { operation = '', ...where } = told;
  const attributes = { 'gen_ai.operation.name': operation };
  expect(identify({ ...ROW, ...where, error_type, error_message, attributes }).class).toBe(
    expected,
  );
});

test('the table is large', () => {
  expect(MESSAGES.length).toBeGreaterThanOrEqual(120);
});

test('a class has its evidence', () => {
  expect(evidenceOf('RateLimitError', 'Too many requests', 'llm.call')).toBe(
    'says "ratelimit", at llm (site llm.call)',
  );
  expect(evidenceOf('Error', 'boom')).toBe('');
});

test('the cause says more than what was thrown for it', () => {
  const stack_trace = [
    'ToolException: Error executing tool',
    '    at run (/app/src/tool.js:3:1)',
    '  [cause]: Error: connect ECONNREFUSED 127.0.0.1:80',
    '      at call (/app/src/call.js:3:1)',
  ].join('\n');
  const row = { ...ROW, error_type: 'ToolException', error_message: 'Error executing tool x' };
  expect(identify(row).class).toBe('tool.error');
  expect(identify({ ...row, stack_trace }).class).toBe('network.error');
});

describe('identify', () => {
  const rateLimit = { ...ROW, error_type: 'RateLimitError', error_message: 'x', site: 'llm.call' };

  test('keeps the class that was given, and marks a contradiction', () => {
    const { class: kept, marks } = identify({ ...rateLimit, class: 'tool.error' });
    expect(kept).toBe('tool.error');
    expect(marks).toEqual({ [CLASS_BY_RULE]: 'llm.rate_limit' });
  });

  test('marks nothing where rule and executor agree, or no rule fits', () => {
    expect(identify({ ...rateLimit, class: 'llm.rate_limit' }).marks).toEqual({});
    expect(identify({ ...ROW, class: 'tool.error', error_message: 'boom' }).marks).toEqual({});
    expect(identify(ROW).marks).toEqual({});
  });

  test('says that a rule gave the class, and finds it again', () => {
    const first = identify(rateLimit);
    expect(first).toMatchObject({ class: 'llm.rate_limit', marks: { [CLASS_FROM]: 'rule' } });
    const again = identify({
      ...rateLimit,
      class: first.class,
      attributes: first.marks,
      error_type: 'TimeoutError',
    });
    expect(again).toMatchObject({ class: 'llm.timeout', marks: { [CLASS_FROM]: 'rule' } });
  });

  test('the fingerprint does not depend on the class', () => {
    const given = identify({ ...rateLimit, class: 'tool.error' }).fingerprint;
    expect(given).toBe(identify(rateLimit).fingerprint);
  });
});

test('docs/classes.md shows what the code says', () => {
  const docs = readFileSync(new URL('../../../docs/classes.md', import.meta.url), 'utf8');
  const yes = (is: boolean) => (is ? 'yes' : 'no');
  for (const name of FAILURE_CLASS_VALUES) {
    const { is_retriable, needs_graph_change } = CLASS_FACTS[name];
    const row = docs.split('\n').find((line) => line.startsWith(`| \`${name}\` `));
    const cells = row?.split('|').map((cell) => cell.trim());
    expect(cells?.slice(2, 4), name).toEqual([yes(is_retriable), yes(needs_graph_change)]);
  }
});

describe('the examples in docs/classes.md', () => {
  const docs = readFileSync(new URL('../../../docs/classes.md', import.meta.url), 'utf8');
  const code = (cell = '') => cell.trim().replace(/^`|`$/g, '');
  const rows = docs
    .slice(docs.indexOf('## Examples'))
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').slice(1, 5).map(code));

  test('are of nearly every class', () => {
    expect(rows.length).toBeGreaterThanOrEqual(40);
  });

  test.each(rows)('%s: %s: %s', (expected, error_type = '', error_message = '', where = '') => {
    const isSite = where.includes('.');
    const row = {
      ...ROW,
      error_type,
      error_message,
      site: isSite ? where : '',
      attributes: { 'gen_ai.operation.name': isSite ? '' : where },
    };
    expect(identify(row).class).toBe(expected);
  });
});

describe('no evidence', () => {
  test.each([
    [
      'a function in a frame of a cause',
      'Error',
      'no data',
      'Error: no data\n    at run (/a/run.js:1:1)\n  [cause]: Error: x\n      at withTimeout (/a/quotaGuard.js:1:1)',
    ],
    ['a word within a word', 'ModuleError', 'it is installed', ''],
    ['a name in quotes', 'ValueError', "no rule for 'rate limit exceeded'", ''],
  ])('%s', (_what, error_type, error_message, stack_trace) => {
    expect(identify({ ...ROW, error_type, error_message, stack_trace }).class).toBe('unclassified');
  });

  test('a name of code does not beat the type that says it is missing', () => {
    const error_message = "module 'httpx' has no attribute 'Timeout'";
    const row = { ...ROW, error_type: 'AttributeError', error_message, site: 'llm.call' };
    expect(identify(row).class).toBe('code.error');
  });
});

test.each([
  ['one word again and again', 'tool '.repeat(20_000)],
  ['no blank', 'a'.repeat(1_000_000)],
  ['underscores', '_'.repeat(100_000)],
  ['budget', 'budget branch judge condition '.repeat(4000)],
])('%s is classified with bounded work', (_what, error_message) => {
  expect(identify({ ...ROW, error_message }).class).toMatch(/^[a-z._]+$/);
});
