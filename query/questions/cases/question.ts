// The inputs that failed, as a replay harness takes them.
import { z } from 'zod';
import { fingerprint, instant, page, pageOf } from '../../base/fields.ts';
import { question } from '../../base/question.ts';

const count = z.int().min(0);

/** Which cases of a group to list, newest first. */
export const casesQuery = z.strictObject(page());

/** One input that failed. */
export const failureCase = z.object({
  input: z
    .string()
    .describe('What the node received: the stored text, which is JSON text if input_is_json'),
  input_is_json: z.boolean(),
  input_digest: z
    .string()
    .nullable()
    .describe('Of the whole redacted input; null where the executor reported none'),
  truncated: z.boolean().describe('The stored input was cut: a replay of it proves nothing'),
  redactions: z
    .record(z.string(), count)
    .describe('What was removed from the failure, input and all: kind to count'),
  agent_id: z.string(),
  node: z.string(),
  graph_snapshot_ref: z.string().describe('The version that it failed on last'),
  expected: z.literal('not this failure'),
  fingerprint: z.string().describe('The failure that must not come again'),
  error_type: z.string(),
  error_message: z.string(),
  class: z.string(),
  disposition: z.string().describe('What became of the newest failure; empty if not known'),
  failure_id: z.string().describe('The newest failure with this input'),
  seen: instant.describe('When that was'),
  first_seen: instant,
  failures: count.describe('Failures of the group with this input'),
});
/** One distinct input with which a group failed. */
export type FailureCase = z.infer<typeof failureCase>;

/**
 * The inputs on which a group failed, one for each distinct input of a node, the newest first. Failures
 * without a recorded input give none.
 *
 * @throws {NotFoundError} for a fingerprint of which no failure is kept
 */
export const cases = question({
  summary: 'The inputs on which a group failed, newest first',
  path: '/groups/:fingerprint/cases',
  of: { fingerprint },
  ids: { fingerprint: 'group' },
  input: casesQuery,
  output: pageOf(failureCase),
  async answer(input, { store }) {
    const { readCases } = await import('./read-cases.ts');
    return readCases(store, input);
  },
});
