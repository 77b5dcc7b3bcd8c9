import { describe, expect, test } from 'vitest';
import { fingerprint } from '../../../collector/materialize/fingerprint/v1.ts';

const INPUT = {
  agent_id: 'agent',
  node_id: 'node',
  class: '',
  error_type: 'Error',
  error_message: 'it broke',
  stack_trace: '',
};

function of(over: Partial<typeof INPUT>) {
  return fingerprint({ ...INPUT, ...over });
}

// A fingerprint stays in its row for ever: from the first release on these values must never change.
test('version 1 is frozen', () => {
  expect(of({}).fingerprint).toBe('v1:3ea99080afa4752b7ddf685232571df3');
  expect(
    of({
      error_message: 'order 17 of /srv/a/1.json failed: {"code":"x_y"} after 3 tries',
      stack_trace: 'Error: x\n    at run (/srv/app/src/run.js:3:1)',
    }).fingerprint,
  ).toBe('v1:e27760be375ac4f22e4ab6e6a3159ed7');
});

test('messages that differ only in what varies are one problem', () => {
  const a = of({ error_message: 'order 17 of /srv/a/1.json failed' });
  const b = of({ error_message: 'order 9 of /tmp/b/22.json failed' });
  expect(a.fingerprint).toBe(b.fingerprint);
});

test.each(['agent_id', 'node_id', 'error_type', 'error_message'] as const)(
  'another %s is another problem',
  (field) => {
    expect(of({ [field]: 'other' }).fingerprint).not.toBe(of({}).fingerprint);
  },
);

test.each([
  ['shop.common.LedgerError', 'LedgerError'],
  ['make.<locals>.LedgerError', 'LedgerError'],
  ['Net::ReadTimeout', 'ReadTimeout'],
  ['*net.OpError', 'OpError'],
  ['App\\Errors\\Gone', 'Gone'],
])('%s is %s with its module', (error_type, name) => {
  expect(of({ error_type }).fingerprint).toBe(of({ error_type: name }).fingerprint);
  const trace = (type: string) =>
    `Error: x\n    at run (/a/run.js:1:1)\nCaused by: ${type}: gone\n    at get (/a/get.js:1:1)`;
  expect(of({ stack_trace: trace(error_type) }).fingerprint).toBe(
    of({ stack_trace: trace(name) }).fingerprint,
  );
});

test.each(['HTTP 4.2', 'https://example.com/errors/gone', 'failed. Really', 'out.of.'])(
  '%s is no name with a module',
  (error_type) => {
    const rest = error_type.split(/[./]/).at(-1)!;
    expect(of({ error_type }).fingerprint).not.toBe(of({ error_type: rest }).fingerprint);
  },
);

test('fields do not run into one another', () => {
  const a = of({ agent_id: 'a', node_id: 'bc' });
  const b = of({ agent_id: 'ab', node_id: 'c' });
  expect(a.fingerprint).not.toBe(b.fingerprint);
});

describe('the class', () => {
  const mute = { error_type: '', error_message: '' };

  test('does not count where type or message say what it is', () => {
    expect(of({ class: 'tool.error' }).fingerprint).toBe(of({}).fingerprint);
  });

  test('counts where nothing else does', () => {
    const stalled = of({ ...mute, class: 'loop.stall' }).fingerprint;
    expect(stalled).not.toBe(of({ ...mute, class: 'judge.rejected' }).fingerprint);
    expect(of({ ...mute, class: 'unclassified' }).fingerprint).toBe(of(mute).fingerprint);
  });
});

test('says what went into it', () => {
  expect(of({ node_id: '' }).why()).toBe(
    'same agent, error type "Error", words "it broke"; values, callers and line numbers do not count',
  );
  expect(of({ stack_trace: '    at run (/a/run.js:1:1)' }).why()).toContain('raised in "run@run"');
});

test('is the same the second time, and after many others', () => {
  const first = of({ stack_trace: '    at run (/a/run.js:1:1)' });
  for (let i = 0; i < 10_000; i++)
    of({ node_id: `n${i}`, stack_trace: `    at f${i} (/a/b.js:1:1)` });
  const again = of({ stack_trace: '    at run (/a/run.js:1:1)' });
  expect({ ...again, why: again.why() }).toEqual({ ...first, why: first.why() });
});

test('a message of a megabyte', () => {
  expect(of({ error_message: 'word 1 '.repeat(150_000) }).fingerprint).toMatch(/^v1:[0-9a-f]{32}$/);
});
