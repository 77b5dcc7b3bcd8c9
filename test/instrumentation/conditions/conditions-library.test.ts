import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  all,
  any,
  constraintViolated,
  costBudget,
  defineFailureCondition,
  type FailureCondition,
  instrumentGraph,
  judgeRejected,
  loopStalled,
  not,
  outputEmpty,
  outputInvalid,
  outputMissing,
  outputPlaceholder,
  recordUsage,
  timeBudget,
  tokenBudget,
  toolCallBudget,
} from '../../../instrumentation/index.ts';
import { Recorder } from '../recorder.ts';

let recorder: Recorder;
beforeEach(() => {
  recorder = new Recorder();
});

/** What a real run of one node with these outputs tells of the condition, visit by visit. */
async function told(condition: FailureCondition, outputs: unknown[], work = () => {}) {
  const graph = instrumentGraph({
    agentId: 'agent',
    graph: { id: 'g' },
    tracer: recorder.tracer,
    conditions: { nodes: [condition], timeoutMs: 10_000 },
  });
  await graph.run({}, async (run) => {
    for (const output of outputs) {
      const visit = async () => {
        work();
        return output;
      };
      await run.node('a', {}, visit);
    }
  });
  await expect.poll(() => recorder.spans.some(({ name }) => name === 'execute_graph g')).toBe(true);
  return recorder.attempts('a').map(({ attributes }) => {
    if (attributes['failure.condition'] === undefined) return undefined;
    return {
      class: attributes['failure.class'],
      severity: attributes['failure.severity'],
      site: attributes['failure.site'],
      ...JSON.parse(String(attributes['failure.evidence'])),
    };
  });
}
const fires = async (condition: FailureCondition, ...outputs: unknown[]) =>
  (await told(condition, outputs)).map((one) => one !== undefined);

class Message {
  readonly content: string;
  constructor(content: string) {
    this.content = content;
  }
}

test('missing', async () => {
  expect(await fires(outputMissing(), undefined, null, '', 0, false)).toEqual([
    ...[true, true, false, false, false],
  ]);
});

test('empty', async () => {
  const empty = [
    undefined,
    null,
    '',
    ' \n',
    [],
    {},
    { messages: [] },
    [null, { a: '' }],
    new Map(),
  ];
  expect(await fires(outputEmpty(), ...empty)).toEqual(empty.map(() => true));
  recorder = new Recorder();
  const full = [0, false, 'a', { a: 0 }, new Message(''), (async function* () {})(), new Date(0)];
  expect(await fires(outputEmpty(), ...full)).toEqual(full.map(() => false));
  recorder = new Recorder();
  const content = outputEmpty({ of: ({ output }) => (output as Message).content });
  expect(await fires(content, new Message(''), new Message('hi'))).toEqual([true, false]);
});

test('placeholder', async () => {
  const yes = [
    'TODO',
    ' n/a. ',
    '[insert name here]',
    '{{ your_answer }}',
    '...',
    'Lorem ipsum dolor',
    { a: 'TBD', b: 'none' },
  ];
  expect(await fires(outputPlaceholder(), ...yes)).toEqual(yes.map(() => true));
  recorder = new Recorder();
  const no = [
    '',
    'The TODO list has 3 entries.',
    '[1, 2]',
    'none of these apply',
    { a: 'TBD', b: 'x = 4' },
  ];
  expect(await fires(outputPlaceholder(), ...no)).toEqual(no.map(() => false));
  recorder = new Recorder();
  const own = outputPlaceholder({ patterns: [/as an ai/gi] });
  expect(await fires(own, 'As an AI I', 'as an ai', 'fine')).toEqual([true, true, false]);
});

describe('a schema', () => {
  const invalid = { class: 'output.invalid', severity: 'major', site: 'node.result' };

  test('of zod, sync and async', async () => {
    const schema = z.object({ lines: z.array(z.object({ total: z.number() })) });
    const [good, bad] = await told(outputInvalid(schema), [
      { lines: [] },
      { lines: [{ total: 'x' }] },
    ]);
    expect(good).toBeUndefined();
    expect(bad).toMatchObject(invalid);
    expect(bad.found).toMatchObject({ count: 1, issues: [{ path: 'lines.0.total' }] });
    recorder = new Recorder();
    const late = z.string().refine(async (text) => text !== 'no');
    expect(await fires(outputInvalid(late), 'yes', 'no')).toEqual([false, true]);
  });

  test('that is a function with a mark of its own, as of ArkType, and one compiled of a JSON Schema', async () => {
    const validate = (value: unknown) =>
      value === 1 ? { value } : { issues: [{ message: 'not one', path: [{ key: 'a' }] }] };
    const type = Object.assign(() => true, {
      '~standard': { version: 1 as const, vendor: 'test', validate },
    });
    const [, bad] = await told(outputInvalid(type), [1, 2]);
    expect(bad.found).toEqual({ count: 1, issues: [{ path: 'a', message: 'not one' }] });
    recorder = new Recorder();
    const compiled = Object.assign((value: unknown) => value === 1, {
      errors: [{ instancePath: '/total', message: 'must be number' }],
    });
    const [good, wrong] = await told(outputInvalid(compiled), [1, 2]);
    expect(good).toBeUndefined();
    expect(wrong.found.issues).toEqual([{ path: '/total', message: 'must be number' }]);
  });

  test('that is none', () => {
    expect(() => outputInvalid({ type: 'object' } as never)).toThrow(/Standard Schema/);
  });
});

test('budgets', async () => {
  const work = () => recordUsage({ inputTokens: 6, outputTokens: 5, cost: 2, toolCalls: 3 });
  const over = async (condition: FailureCondition) => {
    recorder = new Recorder();
    const [one] = await told(condition, [1], work);
    return one && { class: one.class, site: one.site, found: one.found };
  };
  expect(await over(tokenBudget(10))).toEqual({
    ...{ class: 'budget.tokens', site: 'budget', found: { used: 11, most: 10 } },
  });
  expect(await over(tokenBudget(11))).toBeUndefined();
  expect(await over(costBudget(1.5))).toMatchObject({ class: 'budget.cost', found: { used: 2 } });
  expect(await over(toolCallBudget(2))).toMatchObject({ class: 'loop.max_iterations' });
  expect(await over(timeBudget(3_600_000))).toBeUndefined();
  const slow = () => {
    const end = performance.now() + 3;
    while (performance.now() < end);
  };
  recorder = new Recorder();
  expect((await told(timeBudget(1), [1], slow))[0]).toMatchObject({ class: 'budget.time' });
  expect(() => costBudget(Number.NaN)).toThrow(/cost budget .*NaN/);
});

test('a loop that stalls', async () => {
  const say = 'I will look up the invoice in the ledger and then compare the totals of both.';
  const outputs = [
    'start',
    say,
    { text: say.toUpperCase() },
    `${say} `,
    say,
    'Something else',
    say,
  ];
  expect(await fires(loopStalled(), ...outputs)).toEqual([
    ...[false, false, false, true, true, false, false],
  ]);
  recorder = new Recorder();
  const nearly = [`${say} Page 1.`, `${say} Page 2.`, 'a', 'b'];
  expect(await fires(loopStalled({ repeats: 2 }), ...nearly)).toEqual([false, true, false, false]);
  recorder = new Recorder();
  expect(await fires(loopStalled({ repeats: 2 }), '', '', {})).toEqual([false, false, false]);
  expect(() => loopStalled({ repeats: 1 })).toThrow(/repeats .*2 to 51.*1/);
  expect(() => loopStalled({ similarity: 0 })).toThrow(/similarity/);
});

test('a judge, and constraints', async () => {
  const judge = judgeRejected(async ({ output }) =>
    output === 'good' ? true : { accepted: false, feedback: 'too short', score: 0.2 },
  );
  const [good, bad] = await told(judge, ['good', 'bad']);
  expect(good).toBeUndefined();
  expect(bad).toMatchObject({
    class: 'judge.rejected',
    site: 'judge',
    found: { accepted: false, feedback: 'too short', score: 0.2 },
  });
  recorder = new Recorder();
  const cheap = constraintViolated('cheap', ({ output }) => Number(output) < 10 || 'too dear');
  expect((await told(cheap, [20]))[0]).toMatchObject({
    ...{ class: 'constraint.hard', severity: 'major', found: { violation: 'too dear' } },
  });
  recorder = new Recorder();
  const polite = constraintViolated('polite', ({ output }) => output !== 'no', { soft: true });
  expect((await told(polite, ['no']))[0]).toMatchObject({
    ...{ class: 'constraint.soft', severity: 'minor' },
  });
});

test('what the library sets can be set otherwise', async () => {
  const own = outputEmpty({
    name: 'nothing',
    severity: 'critical',
    hint: 'Ask.',
    class: 'output.missing',
  });
  expect((await told(own, ['']))[0]).toMatchObject({
    ...{ class: 'output.missing', severity: 'critical', hint: 'Ask.' },
  });
  expect(recorder.attempts('a')[0]!.attributes['error.type']).toBe('nothing');
});

test('all, any and not', async () => {
  const number = ({ output }: { output: unknown }) => typeof output === 'number';
  const big = defineFailureCondition({
    name: 'big',
    when: async ({ output }) => Number(output) > 9 && { size: output },
  });
  const both = defineFailureCondition({ name: 'both', when: all(number, big, not(outputEmpty())) });
  const [small, found, text] = await told(both, [1, 10, '10']);
  expect([small, text]).toEqual([undefined, undefined]);
  expect(found.found).toEqual({ number: true, big: { size: 10 }, 'part 3': true });
  recorder = new Recorder();
  const either = defineFailureCondition({ name: 'either', when: any(big, outputEmpty()) });
  expect(await fires(either, 1, 10, '')).toEqual([false, true, true]);
  recorder = new Recorder();
  const neither = defineFailureCondition({ name: 'neither', when: not(any(big, number)) });
  expect(await fires(neither, 1, 10, 'x')).toEqual([false, false, true]);
  recorder = new Recorder();
  expect(await fires(defineFailureCondition({ name: 'none', when: all() }), 1)).toEqual([false]);
});
