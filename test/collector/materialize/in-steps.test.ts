// Rows made in steps are the rows made at once, without secrets.
import { expect, test } from 'vitest';
import type { Span, Value } from '../../../collector/decode/span.ts';
import { atOnce } from '../../../collector/decode/turns.ts';
import { STANDARD_SECRETS } from '../../../collector/materialize/field-redactor.ts';
import { hasMuchText } from '../../../collector/materialize/in-steps.ts';
import { inStepsOf } from '../../../collector/materialize/origin.ts';
import { toRows } from '../../../collector/materialize/to-rows.ts';

const LONG = 'password=hunter2 and then some words; '.repeat(300);

const resource = () => ({
  attributes: new Map<string, Value>([
    ['service.name', 'shop'],
    ['deployment.environment.name', 'password=hunter2'],
    ...Array.from({ length: 10 }, (_, i): [string, Value] => [`host.k${i}`, `${i} ${LONG}`]),
  ]),
});

function span(name: string, attributes: Record<string, Value>): Span {
  return {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    parentSpanId: '',
    name,
    kind: 1,
    startNs: 1_767_225_600_000_000_000n,
    endNs: 1_767_225_601_000_000_000n,
    flags: 0,
    statusCode: 2,
    statusMessage: LONG,
    attributes: new Map(Object.entries(attributes)),
    events: [{ name: 'exception', timeNs: 0n, attributes: new Map([['exception.message', LONG]]) }],
    links: [],
  };
}

const rest = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, `${i} ${LONG}`]));

test.each([
  ['a node', span('execute_node parse', { 'graph.node.id': 'parse', ...rest, token: 'abcdef' })],
  ['a tool', span('execute_tool pay', { 'gen_ai.operation.name': 'execute_tool', ...rest })],
])('%s with much text has the same rows in steps, and few texts a step', (_, heavy) => {
  const make = (of: ReturnType<typeof resource>) => (secrets: typeof STANDARD_SECRETS) =>
    toRows(of, { name: 'executor', version: '1' }, heavy, 1n, secrets);
  expect(hasMuchText(heavy)).toBe(true);
  expect(hasMuchText(resource())).toBe(true);

  const one = resource();
  const steps = inStepsOf(one, STANDARD_SECRETS, make(one));
  let count = 0;
  let made = steps.next();
  for (; !made.done; made = steps.next()) count++;
  const other = resource();
  expect(made.value).toEqual(make(other)(STANDARD_SECRETS));
  expect(count).toBeGreaterThan(20);
  expect(made.value.rows.failures).toHaveLength(1);
  expect(JSON.stringify(made.value.rows.failures)).not.toContain('hunter2');

  // What was made of the resource before serves the spans behind it.
  const again = atOnce(inStepsOf(one, STANDARD_SECRETS, make(one)));
  expect(again).toEqual(made.value);
});

test('a redaction that throws drops its field, in steps too', () => {
  const failing = {
    ...STANDARD_SECRETS,
    text: (text: string) => {
      if (text.startsWith('7 ')) throw new Error('no');
      return text;
    },
    kindUnder: () => '',
    mark: () => '',
  };
  const heavy = span('execute_node parse', { 'graph.node.id': 'parse', ...rest });
  const none = { attributes: new Map<string, Value>() };
  const make = (secrets: typeof STANDARD_SECRETS) =>
    toRows(none, { name: '', version: '' }, heavy, 1n, secrets);
  const { rows, warnings } = atOnce(inStepsOf(none, failing, make));
  expect(rows.failures[0]!.attributes).toMatchObject({ k7: '[redaction failed]' });
  expect(warnings.join()).toContain('the redaction of k7 failed');
});
