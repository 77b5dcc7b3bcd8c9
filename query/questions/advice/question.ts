// What is asked about a retry, and the answer.
import { z } from 'zod';
import { FAILURE_CLASS_VALUES } from '../../../instrumentation/semconv/index.ts';
import { fingerprint, instant, storedName } from '../../base/fields.ts';
import { question } from '../../base/question.ts';

const ordinal = z.coerce.number<number>().int().min(1).max(1_000_000);

/** What is known of the failed attempt. One of `fingerprint`, `error_type`, `class` or `run` is needed. */
export const retryQuery = z.strictObject({
  node: storedName.describe('The node that failed'),
  fingerprint: fingerprint.optional().describe('The failure as a group; says more than error_type'),
  error_type: storedName.optional().describe('The type of the error'),
  class: z
    .enum(FAILURE_CLASS_VALUES)
    .optional()
    .describe('Why it failed; default: the class that such failures had in the history'),
  attempt: ordinal.optional().describe('The attempt that failed, from 1; default 1'),
  max_attempts: ordinal.optional().describe('After this attempt there is none'),
  run: storedName
    .optional()
    .describe('Take what is not given from the newest stored failure of the node in this run'),
  max_age: z.coerce
    .number<number>()
    .int()
    .min(0)
    .max(3600)
    .default(300)
    .describe('Seconds that the counts may be old, but for those of the node; 0 = count now'),
});
export type RetryQuestion = z.output<typeof retryQuery>;

export const ADVICE = ['retry', 'back_off', 'stop'] as const;

/** What the chance was counted on, the closest first. */
export const BASES = [
  'fingerprint_node_attempt',
  'fingerprint_node',
  'error_type_node_attempt',
  'error_type_node',
  'class_node',
  'class_agent',
  'class_default',
] as const;
export type Basis = (typeof BASES)[number];

const count = z.int().min(0);

/** What came after the failures of one basis. */
export const retryCounts = z.object({
  basis: z.enum(BASES),
  failures: count,
  retried: count.describe('Failures after which a next attempt ended'),
  succeeded: count,
  not_retried: count,
  pending: count.describe('Failures whose next attempt may still come'),
});
export type RetryCounts = z.infer<typeof retryCounts>;

const milliseconds = z.number().min(0);
export const waits = z
  .object({ median: milliseconds, p90: milliseconds })
  .describe(
    'Milliseconds from the end of the failed attempt to the start of the one that succeeded',
  );
export type Waits = z.infer<typeof waits>;

/** The node by itself, whatever failed, over all runs and versions; never older than a second. */
export const nodeFacts = z.object({
  since: instant,
  attempts: count,
  failure_count: count,
  consecutive_failures: count.describe('Attempts that failed since the last that did not'),
  last_failure_at: instant.nullable(),
});
export type NodeFacts = z.infer<typeof nodeFacts>;

const advice = z.object({
  agent_id: z.string(),
  node_id: z.string(),
  fingerprint: z.string().nullable(),
  error_type: z.string().nullable(),
  class: z.string().nullable(),
  attempt: count,
  max_attempts: count.nullable(),
  advice: z.enum(ADVICE),
  reason: z.string(),
  chance: z.number().nullable().describe('That the next attempt succeeds; null without history'),
  interval: z.tuple([z.number(), z.number()]).describe('The chance lies in it with 95 %'),
  wait_ms: waits.nullable(),
  is_retriable: z.boolean().describe('What the class says by itself'),
  needs_graph_change: z.boolean(),
  /** The counts that the chance stands on; of `class_default` all are 0. */
  ...retryCounts.shape,
  considered: z.array(retryCounts).describe('What was counted, the closest first'),
  history: z.object({
    since: instant.describe('No older failures were looked at'),
    at_most: count.describe('Newest failures of one attempt number that were looked at'),
    needed: count.describe('Retries that a basis needs'),
  }),
  node: nodeFacts,
  age_ms: z.number().min(0).describe('How old the oldest of these counts is'),
});
/** Whether to try a failed node again, with the chance that it helps and how long to wait. */
export type RetryAdvice = z.infer<typeof advice>;

/**
 * Whether to try a failed node again: the chance that the next attempt succeeds, the usual wait, and how the
 * node does. Counts of what came after such failures are cached for `max_age` seconds, so that this can be called
 * inline; `age_ms` says how old they are. The node's own facts are never older than a second, so that an
 * executor sees the failure that it asks about. A class that the group was annotated with wins.
 *
 * @throws {InvalidInputError} also when nothing is known of the failure
 * @throws {NotFoundError} for a `run` without a stored failure of the node
 */
export const retryAdvice = question({
  summary: 'Whether to try a failed node again: chance, usual wait, how the node does',
  path: '/agents/:id/retry-advice',
  ids: { fingerprint: 'group' },
  of: { agent: z.string() },
  input: retryQuery,
  output: advice,
  // Cached where it is made, and says its own age.
  alwaysFresh: true,
  async answer({ agent, ...asked }, { store }) {
    const { adviseRetry } = await import('./advice.ts');
    return adviseRetry(store, agent, asked);
  },
});
