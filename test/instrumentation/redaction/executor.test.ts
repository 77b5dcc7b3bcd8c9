import { expect, test } from 'vitest';
import { instrumentGraph } from '../../../instrumentation/index.ts';
import { Recorder } from '../recorder.ts';
import { OPEN_TEXTS, SECRET_TEXTS } from './table.ts';

/** The attributes of an attempt that failed on this input, as the SDK would send them. */
async function attributesOf(input: unknown, message = 'it broke') {
  const recorder = new Recorder();
  const graph = instrumentGraph({
    agentId: 'agent',
    graph: { id: 'g', nodes: [{ id: 'a' }] },
    tracer: recorder.tracer,
  });
  await graph
    .run({}, (run) => run.node('a', { input }, () => Promise.reject(new Error(message))))
    .catch(() => {});
  return recorder.attempts('a')[0]!.attributes;
}

test.each(SECRET_TEXTS)('in an input: $what', async ({ given, expected, counts }) => {
  const attributes = await attributesOf({ text: given });
  expect(JSON.parse(String(attributes['failure.input']))).toEqual({ text: expected });
  expect(JSON.parse(String(attributes['failure.redactions']))).toEqual(counts);
});

test.each(SECRET_TEXTS)('in a message: $what', async ({ given, expected }) => {
  const attributes = await attributesOf({}, given);
  expect(attributes['exception.message']).toBe(expected);
  expect(attributes['exception.stacktrace']).toContain(expected);
});

test.each(OPEN_TEXTS)('untouched: %s', async (text) => {
  const attributes = await attributesOf({ text });
  expect(JSON.parse(String(attributes['failure.input']))).toEqual({ text });
  expect(attributes['failure.redactions']).toBeUndefined();
});
