// How each node of an agent does on the version in use, or on each version.
import { z } from 'zod';
import { instant, page, pageOf } from '../../base/fields.ts';
import { question } from '../../base/question.ts';

const count = z.int().min(0);
const nanoseconds = z.number().min(0);

/** Which nodes to list, the one that was tried last first. */
export const nodesQuery = z.strictObject({
  node: z.string().min(1).optional(),
  versions: z
    .enum(['current', 'all'])
    .default('current')
    .describe('The version that was tried last, or each version by itself'),
  ...page(100),
});

/** One node on one version of the graph. */
export const nodeHealth = z.object({
  agent_id: z.string(),
  node_id: z.string(),
  graph_snapshot_ref: z.string(),
  is_current: z.boolean().describe("Whether it is the version of the agent's newest attempt"),
  attempts: count,
  failures: count.describe('Failed attempts'),
  failure_rate: z.number(),
  interval: z
    .tuple([z.number(), z.number()])
    .describe('The failure rate lies in it with 95 %, were attempts independent'),
  runs: count,
  failed_runs: count.describe('Runs with at least one failed attempt of the node'),
  retries: count.describe('Attempts after the first'),
  median_duration_ns: nanoseconds,
  p95_duration_ns: nanoseconds,
  first_seen: instant,
  last_seen: instant,
  last_failure_at: instant.nullable(),
  groups: z
    .array(
      z.object({
        fingerprint: z.string(),
        error_type: z.string(),
        class: z.string(),
        failures: count,
      }),
    )
    .describe('The three groups that failed most often'),
});
/** Attempts, failures and durations of a node on one or all versions. */
export type NodeHealth = z.infer<typeof nodeHealth>;

/**
 * How the nodes of an agent fare, the one that was tried last first: the numbers of the view `node_health`,
 * with the groups that fail there. None for an agent without attempts.
 */
export const nodes = question({
  summary: 'How the nodes of an agent fare, on the version in use or on each',
  path: '/agents/:id/nodes',
  of: { agent: z.string() },
  input: nodesQuery,
  output: pageOf(nodeHealth),
  async answer(input, { store }) {
    const { readNodes } = await import('./read-nodes.ts');
    return readNodes(store, input);
  },
});
