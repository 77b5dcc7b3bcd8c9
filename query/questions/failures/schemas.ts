// A failure as it is stored, and with what belongs to it.
import { z } from 'zod';
import { count, instant } from '../../base/fields.ts';
import { evolution } from '../evolutions/schemas.ts';
import { graphSnapshot } from '../graphs/schemas.ts';

export const failure = z.object({
  timestamp: instant,
  failure_id: z.guid(),
  level: z.string(),
  trace_id: z.string(),
  span_id: z.string(),
  parent_span_id: z.string(),
  service_name: z.string(),
  environment: z.string(),
  agent_id: z.string(),
  agent_name: z.string(),
  session_id: z.string(),
  run_id: z.string(),
  graph_id: z.string(),
  graph_snapshot_ref: z.string(),
  node_id: z.string(),
  node_name: z.string(),
  node_type: z.string(),
  attempt: count,
  max_attempts: count,
  visit: count,
  site: z.string(),
  class: z.string(),
  severity: z.string(),
  disposition: z.string(),
  condition: z.string(),
  error_type: z.string(),
  error_message: z.string(),
  stack_trace: z.string(),
  template: z.string(),
  fingerprint: z.string(),
  input_context: z.string(),
  input_digest: z.string(),
  graph_state: z.string(),
  evidence: z.string(),
  duration_ns: count,
  redactions: z.record(z.string(), count),
  truncated: z.array(z.string()),
  attributes: z.record(z.string(), z.string()),
  resource_attributes: z.record(z.string(), z.string()),
  received_at: instant,
});
/** A failure as lists have it. Times are ISO 8601 in UTC, durations nanoseconds. */
export type Failure = z.infer<typeof failure>;

/** One failure with the graph that it happened in and the evolution that followed from it. */
export const failureDetail = failure.extend({
  graph_snapshot: graphSnapshot.nullable(),
  evolution: evolution.nullable(),
  trace_url: z.string().describe("Its trace where `--trace-url` says; '' without"),
});
/** A failure with input, state, stack and evidence. */
export type FailureDetail = z.infer<typeof failureDetail>;
