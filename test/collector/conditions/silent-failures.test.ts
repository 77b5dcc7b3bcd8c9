// Failures that no span reports: what becomes of them, through reading, rows and linking.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { conditionsOf, type RuleFault } from '../../../collector/conditions/index.ts';
import { parseConditions } from '../../../collector/conditions/rules-file.ts';
import { SUSPECT } from '../../../collector/decode/flags.ts';
import { keyFlags } from '../../../collector/decode/key-flags.ts';
import { linkedRows } from '../../../collector/linking/linked-rows.ts';
import type { Rows } from '../../../collector/rows/rows.ts';
import { request, rowsOf, span, type TestSpan } from './requests.ts';

const NODE = { metadata: '{"langgraph_node":"draft","thread_id":"t1"}' };

const run = (output = '{"answer":"42"}') =>
  span(1, 0, 'CHAIN', 'LangGraph', [0, 1000], { 'input.value': '{}', 'output.value': output });
const node = (attributes: TestSpan['attributes'] = {}) =>
  span(2, 1, 'CHAIN', 'draft', [10, 900], { ...NODE, ...attributes });
const model = (attributes: TestSpan['attributes']) =>
  span(3, 2, 'LLM', 'ChatOpenAI', [20, 100], attributes);
const tool = (output: string, id = 4, input = '{"q":1}') =>
  span(id, 2, 'TOOL', 'lookup', [100 + id * 10, 105 + id * 10], {
    'tool.name': 'lookup',
    'input.value': input,
    'output.value': output,
  });

async function linked(spans: TestSpan[]): Promise<Rows> {
  return linkedRows(await rowsOf([request(spans)]));
}

const shown = ({ failures }: Rows) =>
  failures.map((row) =>
    [row.level, row.node_id, row.condition, row.class, row.disposition].join(' '),
  );
const outcomes = ({ graph_runs, node_attempts }: Rows) => ({
  runs: graph_runs.map(({ outcome }) => outcome),
  attempts: node_attempts.map(({ node_id, ok }) => `${node_id} ${ok}`),
});

test.each<[string, TestSpan[], string]>([
  [
    'a finish reason in its own attribute',
    [model({ 'gen_ai.operation.name': 'chat', 'gen_ai.response.finish_reasons': ['length'] })],
    'operation draft output_truncated llm.malformed_output degraded',
  ],
  [
    'a finish reason inside of the answer',
    [model({ 'output.value': '{"choices":[{"finish_reason": "content_filter"}]}' })],
    'operation draft content_filtered llm.content_filter degraded',
  ],
  [
    'a refusal as the reason',
    [model({ 'output.value': '{"stop_reason": "refusal", "content": []}' })],
    'operation draft content_filtered llm.content_filter degraded',
  ],
  [
    'an answer without tokens',
    [model({ 'llm.token_count.completion': 0 })],
    'operation draft output_empty llm.empty_response degraded',
  ],
  [
    'a tool that returns its error as text',
    [tool('Error: connect ECONNREFUSED 10.0.0.7:5432')],
    'operation draft tool_result_error network.error routed',
  ],
  [
    'a result as MCP marks it',
    [tool('{"content":[{"type":"text","text":"no such order"}],"isError":true}')],
    'operation draft tool_result_error tool.error routed',
  ],
  [
    'a guardrail',
    [span(5, 2, 'GUARDRAIL', 'jailbreak', [20, 30], { 'output.value': '{"triggered":true}' })],
    'operation draft guardrail_tripped constraint.hard routed',
  ],
])('%s', async (_what, inside, expected) => {
  const rows = await linked([run(), node(), ...inside]);
  expect(shown(rows)).toEqual([expected]);
  expect(outcomes(rows).attempts).toEqual(['draft true']);
});

test('what is fine is no failure', async () => {
  const rows = await linked([
    run(),
    node({ 'output.value': '{}' }),
    model({
      'output.value': '{"finish_reason":"stop","length":"length"}',
      'llm.token_count.completion': 7,
    }),
    tool('{"error":null,"result":[]}'),
    tool('{"status":"failed","job":17}', 5, '{"q":2}'),
    tool('Errors in this file: none', 6, '{"q":3}'),
  ]);
  expect(shown(rows)).toEqual([]);
  expect(outcomes(rows)).toEqual({ runs: ['success'], attempts: ['draft true'] });
});

test('an agent that returns nothing ran, and its run failed', async () => {
  const agent = span(1, 0, 'AGENT', 'clerk', [0, 100], {
    'agent.name': 'clerk',
    'output.value': '',
  });
  const rows = await linked([agent]);
  expect(shown(rows)).toEqual(['node clerk output_empty output.silent degraded']);
  expect(outcomes(rows)).toEqual({ runs: ['failure'], attempts: ['clerk false'] });
});

test('a limit is one failure although its text passes through', async () => {
  const text = '{"messages":[{"content":"Sorry, need more steps to process this request."}]}';
  const rows = await linked([run(text), node({ 'output.value': text })]);
  expect(shown(rows)).toEqual(['node draft limit_reached loop.max_iterations degraded']);
  expect(outcomes(rows)).toEqual({ runs: ['degraded'], attempts: ['draft false'] });
});

test('what is thrown because of it is the same failure', async () => {
  const error = { type: 'LengthFinishReasonError', message: 'the length limit was reached' };
  const rows = await linked([
    { ...run(), error },
    { ...node(), error },
    model({ 'output.value': '{"finish_reason":"length"}' }),
  ]);
  expect(shown(rows)).toEqual(['node draft  llm.malformed_output terminal']);
});

test('a tool that failed aloud is not counted again', async () => {
  const error = { type: 'ToolException', message: 'Error: no such order' };
  const rows = await linked([run(), node(), { ...tool('Error: no such order'), error }]);
  expect(rows.failures.map(({ error_type }) => error_type)).toEqual(['ToolException']);
});

const loop = (calls: number) => [
  run(),
  node(),
  ...Array.from({ length: calls }, (_, i) => tool('nothing found', 10 + i)),
];

test('one tool again and again is one failure of its node, in any order and in any parts', async () => {
  const expected = ['node draft tool_call_repeated tool.doom_loop degraded'];
  expect(shown(await linked(loop(5)))).toEqual(expected);
  expect(outcomes(await linked(loop(5)))).toEqual({
    runs: ['degraded'],
    attempts: ['draft false'],
  });
  expect(shown(await linked(loop(4)))).toEqual([]);
  const spans = loop(6);
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray(spans, { minLength: spans.length }),
      fc.array(fc.constantFrom(...spans), { maxLength: 4 }),
      async (order, again) => {
        const rows = await rowsOf([...order, ...again].map((one) => request([one])));
        expect(shown(linkedRows(rows))).toEqual(expected);
      },
    ),
    { numRuns: 20 },
  );
});

test('another call in between is no loop', async () => {
  const spans = [...loop(8)];
  spans.push(tool('found', 99), { ...tool('found', 98, '{"q":7}'), at: [235, 236] });
  expect(shown(await linked(spans))).toEqual([]);
});

test('a condition of the file of --conditions', async () => {
  const faults: RuleFault[] = [];
  const file = parseConditions({
    off: ['output_empty'],
    rules: [
      {
        name: 'answer_is_placeholder',
        on: { part: 'node', agent: 'des*', node: 'draft' },
        when: [{ matches: '\\b(TODO|TBD)\\b' }, { of: 'duration_ms', above: 100 }],
        class: 'output.silent',
        hint: 'Ask for the answer itself.',
      },
      {
        name: 'too_slow',
        on: { part: 'model' },
        when: [{ of: 'duration_ms', above: 10 }],
        class: 'llm.timeout',
        severity: 'minor',
      },
    ],
  });
  const conditions = conditionsOf(file, (fault) => faults.push(fault));
  const spans = [
    run(),
    node({ 'output.value': '{"draft":"TODO write it"}' }),
    model({ 'llm.token_count.completion': 0 }),
  ];
  const rows = linkedRows(await rowsOf([request(spans)], conditions));
  expect(shown(rows).sort()).toEqual([
    'node draft answer_is_placeholder output.silent degraded',
    'operation draft too_slow llm.timeout degraded',
  ]);
  const [row] = rows.failures.filter(({ level }) => level === 'node');
  expect(JSON.parse(row!.evidence)).toMatchObject({
    hint: 'Ask for the answer itself.',
    output: '{"draft":"TODO write it"}',
  });
  expect(row!.error_message).toBe('failure condition answer_is_placeholder is met');
  expect(faults).toEqual([]);
});

test('a pattern that takes too long is stopped and reported, and ends nothing', async () => {
  const faults: RuleFault[] = [];
  const file = parseConditions({
    rules: [
      { name: 'greedy', on: { part: 'node' }, when: [{ matches: '^(a+)+$' }] },
      { name: 'plain', on: { part: 'node' }, when: [{ contains: 'aaa' }], severity: 'minor' },
    ],
  });
  const conditions = conditionsOf(file, (fault) => faults.push(fault));
  const spans = [run(), node({ 'output.value': `${'a'.repeat(60)}!` })];
  const rows = linkedRows(await rowsOf([request(spans), request(spans)], conditions));
  expect(faults.map(({ rule, reason }) => `${rule} ${reason}`)).toEqual(['greedy slow']);
  expect(shown(rows)).toEqual(['node draft plain unclassified degraded']);
});

test.each<[string, unknown, string]>([
  ['an unknown field', { rule: [] }, 'rule: got an unknown field'],
  ['an unknown built-in condition', { off: ['nothing'] }, 'off[0]: got "nothing"'],
  [
    'a pattern that is none',
    { rules: [{ name: 'a', on: { part: 'node' }, when: [{ matches: '(' }] }] },
    'rules[0].when[0].matches: got "("',
  ],
  [
    'a class that is none',
    { rules: [{ name: 'a', on: { part: 'node' }, when: [{ is: 'empty' }], class: 'bad' }] },
    'rules[0].class: got "bad"',
  ],
  [
    'two tests in one check',
    { rules: [{ name: 'a', on: { part: 'node' }, when: [{ is: 'empty', contains: 'a' }] }] },
    'rules[0].when[0]',
  ],
  [
    'a part that is none',
    { rules: [{ name: 'a', on: { part: 'graph' }, when: [{ is: 'empty' }] }] },
    'rules[0].on.part: got "graph"',
  ],
])('the file: %s', (_what, content, message) => {
  expect(() => parseConditions(content)).toThrow(message);
});

test('an answer with a key `refusal` is read whole only where it refuses', () => {
  const isSuspect = (answer: string): boolean =>
    (keyFlags('output.value', { stringValue: answer }) & SUSPECT) !== 0;
  expect(isSuspect('{"choices":[{"message":{"content":"42","refusal":null}}]}')).toBe(false);
  expect(isSuspect('{"stop_reason":"refusal"}')).toBe(true);
  expect(isSuspect('{"finish_reasons": ["refusal"]}')).toBe(true);
});
