import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { fingerprintLines } from '../../../deploy/cli/fingerprint.ts';

async function answersTo(...lines: string[]) {
  const output = new PassThrough();
  const errors = new PassThrough();
  const told = text(output);
  const wrong = text(errors);
  const refused = await fingerprintLines(Readable.from([lines.join('\n')]), output, errors);
  output.end();
  errors.end();
  const answers = (await told).split('\n').filter(Boolean);
  return { refused, answers: answers.map((line) => JSON.parse(line)), errors: await wrong };
}

test('answers each line', async () => {
  const { answers, refused } = await answersTo(
    '{"error_type":"GraphRecursionError","error_message":"Recursion limit of 25 reached"}',
    '',
    '{"error_type":"GraphRecursionError","error_message":"Recursion limit of 50 reached","stack_trace":null,"more":1}',
  );
  expect(refused).toBe(0);
  expect(answers).toHaveLength(2);
  expect(answers[0]).toEqual({
    fingerprint: answers[1].fingerprint,
    template: 'Recursion limit of <num> reached',
    class: 'graph.step_budget',
    why: 'same error type "GraphRecursionError", words "recursion limit of reached"; values, callers and line numbers do not count; class: says "graphrecursionerror"',
  });
});

test.each(['node_id', 'agent_id', 'error_type', 'stack_trace'])('%s counts', async (field) => {
  const failure = { error_type: 'Error', error_message: 'x' };
  const other = { ...failure, [field]: '    at run (/a/run.js:1:1)' };
  const { answers } = await answersTo(JSON.stringify(failure), JSON.stringify(other));
  expect(answers[0].fingerprint).not.toBe(answers[1].fingerprint);
});

test('a wrong line is reported by number and field, and the others are answered', async () => {
  const { answers, errors, refused } = await answersTo(
    'oops',
    '{"error_type":"E","error_message":"x"}',
    '{"error_type":1,"error_message":"x"}',
    '{"error_type":"E"}',
    '[]',
    '{"error_type":"E","error_message":"x","node_id":7}',
  );
  expect(answers).toHaveLength(1);
  expect(refused).toBe(5);
  const starts = ['line 1: not JSON', 'line 3: error_type:', 'line 4: error_message:'];
  starts.push('line 5: not an object', 'line 6: node_id:');
  const lines = errors.trim().split('\n');
  expect(lines).toHaveLength(5);
  for (const [i, start] of starts.entries()) expect(lines[i]).toContain(`faultline: ${start}`);
});

test('prints no secret, and gives what the collector would', async () => {
  const { answers } = await answersTo(
    '{"error_type":"E","error_message":"no key sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789ABCDEF"}',
    '{"error_type":"E","error_message":"no key [redacted:api_key]"}',
  );
  expect(answers[0]).toEqual(answers[1]);
});

test('more lines than fit into a buffer', async () => {
  const line = '{"error_type":"E","error_message":"order 1 failed"}';
  const { answers } = await answersTo(...Array.from({ length: 5000 }, () => line));
  expect(answers).toHaveLength(5000);
});
