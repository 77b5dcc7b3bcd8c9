// How the nodes of an agent fare.
import { z } from 'zod';
import { since } from '../../base/schemas.ts';

const instant = z.string();
const count = z.int().min(0);
const nanoseconds = z.number().min(0);

/** Which nodes to list, the one that was tried last first. */
export const nodesQuery = z.strictObject({
  node: z.string().min(1).optional(),
  versions: z
    .enum(['current', 'all'])
    .default('current')
    .describe('The version that was tried last, or each version by itself'),
  since: since.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(512).optional(),
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
export type NodeHealth = z.infer<typeof nodeHealth>;
