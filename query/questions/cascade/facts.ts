// What is known of one run: the rows that its cascade is worked out from.
import { z } from 'zod';

const count = z.coerce.number().int();
/** An instant in UTC with nanoseconds; two of them compare as texts. */
const instant = z.string();

export const failureFact = z.object({
  failure_id: z.string(),
  level: z.string(),
  trace_id: z.string(),
  span_id: z.string(),
  parent_span_id: z.string(),
  ancestor_span_ids: z.array(z.string()),
  node_id: z.string(),
  attempt: count,
  visit: count,
  site: z.string(),
  class: z.string(),
  disposition: z.string(),
  error_type: z.string(),
  error_message: z.string(),
  fingerprint: z.string(),
  evidence: z.string(),
  started_at: instant,
  ended_at: instant,
});
export type FailureFact = z.infer<typeof failureFact>;

export const attemptFact = z.object({
  node_id: z.string(),
  attempt: count,
  ok: z.coerce.boolean(),
  trace_id: z.string(),
  span_id: z.string(),
  /** The span of the failure that this attempt names as its root; '' when it names none. */
  root_span_id: z.string(),
  started_at: instant,
  ended_at: instant,
});
export type AttemptFact = z.infer<typeof attemptFact>;

export const runFact = z.object({
  started_at: instant,
  ended_at: instant,
  /** '' while it has not ended. */
  outcome: z.string(),
  graph_snapshot_ref: z.string(),
  trace_id: z.string(),
  span_id: z.string(),
  root_span_id: z.string(),
});
export type RunFact = z.infer<typeof runFact>;

export interface RunFacts {
  /** The failure that is asked about; one of `failures`. */
  asked: string;
  /** Undefined when no span reported the run. */
  run: RunFact | undefined;
  failures: readonly FailureFact[];
  attempts: readonly AttemptFact[];
  /** Edges of the graph as `source->target`; none when the graph is not known. */
  edges: readonly string[];
}
