// Hive's records as it writes them: events of its bus (v0.6.5 and later) and the three levels of session
// logs, which have not changed since v0.6.5. A field that is missing or of another type is left out; only
// what a record cannot do without is required.
import { z } from 'zod';

const text = z.string().catch('');
const flag = z.boolean().catch(false);
const count = z.number().nonnegative().catch(0);
const fields = z.record(z.string(), z.unknown()).catch({});

/** One line of an event dump (`HIVE_DEBUG_EVENTS`) or of a session's `events.jsonl`. */
export const hiveEvent = z.object({
  type: z.string().min(1),
  timestamp: z.string().min(1).describe('ISO 8601, mostly without a zone: the local time of Hive'),
  stream_id: z.string(),
  node_id: text,
  execution_id: text,
  data: fields,
  graph_id: text.describe('until v0.9'),
  colony_id: text.describe('since v0.10'),
});
export type HiveEvent = z.infer<typeof hiveEvent>;

const toolCall = z.object({
  tool_name: text,
  tool_input: z.unknown().optional(),
  result: text,
  is_error: flag,
});

/** Level 3: one line of `tool_logs.jsonl`. */
export const stepLog = z.object({
  node_id: z.string().min(1),
  step_index: count,
  trace_id: text,
  tool_calls: z.array(toolCall).catch([]),
  verdict: text,
  verdict_feedback: text,
});
export type StepLog = z.infer<typeof stepLog>;

/** Level 2: one line of `details.jsonl`. */
export const nodeDetail = z.object({
  node_id: z.string().min(1),
  success: z.boolean(),
  node_name: text,
  node_type: text,
  error: text,
  stacktrace: text,
  latency_ms: count,
  exit_status: text,
  span_id: text,
  trace_id: text.describe('new whenever the executor starts, also after a resurrection'),
});
export type NodeDetail = z.infer<typeof nodeDetail>;

/** Level 1: `summary.json`, written when a run ends. */
export const runSummary = z.object({
  run_id: z.string().min(1),
  status: z.string(),
  agent_id: text,
  node_path: z.array(z.string()).catch([]),
  started_at: text,
  duration_ms: count,
});
export type RunSummary = z.infer<typeof runSummary>;

/** A session's `state.json`: what became of it. */
export const sessionState = z.object({
  status: text.describe('missing while an executor writes it alone'),
  stream_id: text,
  agent_id: text,
  timestamps: z.object({ started_at: text, updated_at: text }).partial().catch({}),
  result: z.object({ error: text }).catch({ error: '' }),
  memory: fields.describe('what nodes share, after the last one that ran'),
  input_data: z.unknown().optional(),
});
export type SessionState = z.infer<typeof sessionState>;

/** The text under a key of an event's data; '' if there is none. */
export function dataText(event: HiveEvent, key: string): string {
  const value = event.data[key];
  return typeof value === 'string' ? value : '';
}

/** The number under a key of an event's data. */
export function dataNumber(event: HiveEvent, key: string): number | undefined {
  const value = event.data[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
