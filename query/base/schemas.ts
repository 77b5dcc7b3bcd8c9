// What goes into the history and what comes out, as zod schemas: every door checks with these, and
// the types are inferred from them. Keys are the column names of the tables.
import { z } from 'zod';
import {
  EVOLUTION_STATUS_VALUES,
  EVOLUTION_TRIGGER_VALUES,
} from '../../instrumentation/semconv/index.ts';
import { GROUP_STATES } from './states.ts';

const snapshotRef = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256: and 64 lower-case hex digits');
const fingerprint = z
  .string()
  .regex(/^v\d+:[0-9a-f]{32}$/, 'expected a version and 32 lower-case hex digits, as in v1:0f34…');
const json = z.json();

/** An instant in UTC, nanoseconds kept: `2026-11-22T10:15:00.123456789Z`. */
const instant = z.string();
const count = z.coerce.number().int();

const durationUnits = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;

/** A point in the past: an ISO 8601 instant, or how long ago (`30m`, `24h`, `7d`). */
export const since = z.string().transform((text, context) => {
  const ago = /^(\d{1,6})([smhdw])$/.exec(text);
  const at = ago
    ? Date.now() - Number(ago[1]) * durationUnits[ago[2] as keyof typeof durationUnits] * 1000
    : /^\d{4}-\d{2}-\d{2}/.test(text)
      ? Date.parse(text)
      : Number.NaN;
  if (Number.isFinite(at) && at >= 0) return new Date(at).toISOString();
  context.addIssue({
    code: 'custom',
    message: `expected an ISO 8601 time or a duration such as 30m, 24h or 7d, got ${JSON.stringify(text.slice(0, 40))}`,
  });
  return z.NEVER;
});

/** Yes or no; `true` or `false` in an address. */
export const flag = z.union(
  [z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')],
  'expected true or false',
);

const page = {
  since: since.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(20),
  cursor: z.string().max(512).optional(),
};

/** Which failures to list, newest first. */
export const failuresQuery = z.strictObject({
  agent: z.string().min(1).optional(),
  node: z.string().min(1).optional(),
  fingerprint: fingerprint.optional(),
  run: z.string().min(1).optional(),
  ...page,
});

/** Which evolutions to list, newest first. */
export const evolutionsQuery = z.strictObject({
  agent: z.string().min(1).optional(),
  node: z.string().min(1).optional().describe('Evolutions that target a failure of this node'),
  effects: flag.optional().describe('With what each did to the groups that it targets'),
  ...page,
});

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
export type Failure = z.infer<typeof failure>;

export const graphSnapshot = z.object({
  ref: z.string(),
  graph_id: z.string(),
  agent_id: z.string(),
  body: z.string(),
  nodes: z.array(z.string()),
  edges: z.array(z.string()),
  first_seen: instant,
  last_seen: instant,
});
export type GraphSnapshot = z.infer<typeof graphSnapshot>;

export const evolution = z.object({
  timestamp: instant,
  evolution_id: z.string(),
  agent_id: z.string(),
  agent_name: z.string(),
  trigger: z.string(),
  resolution: z.string(),
  strategy: z.string(),
  rationale: z.string(),
  status: z.string(),
  author: z.string(),
  from_ref: z.string(),
  graph_snapshot_ref: z.string(),
  target_fingerprints: z.array(z.string()),
  target_failures: z.array(z.string()),
  trace_id: z.string(),
  span_id: z.string(),
  service_name: z.string(),
  environment: z.string(),
  received_at: instant,
});
export type Evolution = z.infer<typeof evolution>;

/** One failure with the graph that it happened in and the evolution that followed from it. */
export const failureDetail = failure.extend({
  graph_snapshot: graphSnapshot.nullable(),
  evolution: evolution.nullable(),
});
export type FailureDetail = z.infer<typeof failureDetail>;

/** What to tell of each agent. */
export const agentsQuery = z.strictObject({
  states: flag.optional().describe('With its groups by state; this reads every failure'),
});

export const agent = z.object({
  agent_id: z.string(),
  attempts: count,
  failures: count,
  runs: count,
  last_seen: instant,
  states: z
    .partialRecord(z.enum(GROUP_STATES), count)
    .optional()
    .describe('Its groups by state, where asked for; states without a group are absent'),
});
export type Agent = z.infer<typeof agent>;

/** A page of a list; `next_cursor` is null on the last one. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next_cursor: z.string().nullable() });
export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** A change of an agent's graph to be remembered. */
export const evolutionInput = z.strictObject({
  agent_id: z.string().min(1),
  agent_name: z.string().optional(),
  evolution_id: z.string().min(1).max(128).optional(),
  resolution: z.string().min(1).max(8192),
  status: z.enum(EVOLUTION_STATUS_VALUES).default('applied'),
  trigger: z.enum(EVOLUTION_TRIGGER_VALUES).default('failure'),
  strategy: z.string().max(256).optional(),
  rationale: z.string().max(8192).optional(),
  author: z.string().max(256).default('queen'),
  /** Snapshot that was changed; default: that of the newest targeted failure. */
  from_ref: snapshotRef.optional(),
  /** The new snapshot, by address or whole; not both. */
  graph_snapshot_ref: snapshotRef.optional(),
  graph: json.optional(),
  target_fingerprints: z.array(fingerprint).max(100).default([]),
  target_failures: z.array(z.guid()).max(100).default([]),
});
export type EvolutionInput = z.input<typeof evolutionInput>;

export const sqlInput = z.strictObject({
  sql: z.string().min(1).max(65_536),
  params: z.record(z.string().regex(/^\w+$/), z.union([z.string(), z.number()])).optional(),
});
export const sqlResult = z.object({
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  rows: z.array(z.record(z.string(), z.unknown())),
  truncated: z.boolean(),
});
export type SqlResult = z.infer<typeof sqlResult>;

export const briefQuery = z.strictObject({
  node: z.string().min(1).optional(),
  since: since.optional(),
  max_tokens: z.coerce.number().int().min(200).max(100_000).default(1500),
});

/** A group as the brief tells it. */
export const briefGroup = z.object({
  fingerprint: z.string(),
  /** All that are in the group, the one that names it first. */
  fingerprints: z.array(z.string()),
  state: z.string(),
  since: instant,
  /** Why it is in this state; what came from outside is quoted in it. */
  why: z.string(),
  level: z.string(),
  node_id: z.string(),
  class: z.string(),
  /** Whether somebody said that it has this class. */
  is_annotated: z.boolean(),
  contradiction: z.string().nullable(),
  error_type: z.string(),
  last_message: z.string(),
  last_failure_id: z.string(),
  last_input: z.string(),
  last_input_digest: z.string(),
  /** The fields of it whose text reads like an instruction. */
  suspicious: z.array(z.string()),
  failures: count,
  runs: count,
  inputs: count,
  retried: count,
  terminal: count,
  first_seen: instant,
  last_seen: instant,
  graph_snapshot_refs: z.array(z.string()),
});
export type BriefGroup = z.infer<typeof briefGroup>;

/** What an evolution did to a group. */
export const VERDICTS = ['effective', 'ineffective', 'harmful', 'insufficient_exposure'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** How often a group's node was tried and how often the group failed. */
const counted = z.object({
  attempts: count,
  failures: count,
  /** Failures per attempt; null without attempts. */
  rate: z.number().nullable(),
  /** Runs that tried the node: the independent trials that the verdict stands on. */
  runs: count,
  /** Those with at least one failure of the group. */
  failed_runs: count,
  /** Those that the group ended. */
  terminal_runs: count,
  /** Failed runs per run; null without runs. */
  run_rate: z.number().nullable(),
});
export type Counted = z.infer<typeof counted>;

/** The versions that attempts were counted on, and the first and the last of these attempts. */
const countedWindow = z.object({
  graph_snapshot_refs: z.array(z.string()),
  since: instant.nullable(),
  until: instant.nullable(),
});

/** What an evolution did to one group, with the numbers that say so. */
export const effect = z.object({
  evolution_id: z.string(),
  fingerprint: z.string(),
  verdict: z.enum(VERDICTS),
  before: counted,
  after: counted,
  /** `run_rate` after by `run_rate` before; null when nothing failed before or a side has no runs. */
  rate_ratio: z.number().nullable(),
  /** The rate ratio lies in it with 95 %, however often one looks; a high of null is no bound. */
  interval: z.tuple([z.number(), z.number().nullable()]),
  /**
   * So many failed runs count as one independent one, since they come in bursts as in an outage; 1 = all
   * are independent.
   */
  design_effect: z.number(),
  /** First attempt that counts as after; without any, when the evolution was recorded. */
  since: instant,
  /** Whether the evolution names the group; otherwise it changed the group's node. */
  targeted: z.boolean(),
  node_ids: z.array(z.string()),
  /** The groups that were counted together: the group, and those it moved to. */
  counted_fingerprints: z.array(z.string()),
  window: z.object({ before: countedWindow, after: countedWindow }),
  /** What else has to be known, as short sentences. */
  notes: z.array(z.string()),
});
export type Effect = z.infer<typeof effect>;

const nodeHealth = z.object({
  attempts: count,
  succeeded: count,
  success_rate: z.number(),
  median_duration_ns: count,
});

/** What an evolution did: to its groups, and on the side. */
export const evolutionEffects = z.object({
  items: z.array(effect),
  next_cursor: z.null(),
  side_effects: z.object({
    /** Groups of the agent that were first seen on what counts as after. */
    new_groups: z.array(
      z.object({
        fingerprint: z.string(),
        node_id: z.string(),
        error_type: z.string(),
        failures: count,
        first_seen: instant,
      }),
    ),
    nodes: z.array(
      z.object({
        node_id: z.string(),
        before: nodeHealth.nullable(),
        after: nodeHealth.nullable(),
      }),
    ),
  }),
  notes: z.array(z.string()),
});
export type EvolutionEffects = z.infer<typeof evolutionEffects>;

/** An evolution with what it did to each group that it targets. */
export const triedFix = evolution.extend({ effects: z.array(effect) });
export type TriedFix = z.infer<typeof triedFix>;

/** An evolution as lists tell it. */
export const listedEvolution = evolution.extend({
  effects: z
    .array(effect)
    .optional()
    .describe('What it did to each group that it targets, where asked for'),
});
export type ListedEvolution = z.infer<typeof listedEvolution>;

/** A changed value as JSON text, cut; null where there is none. */
const change = z.object({
  key: z.string(),
  old: z.string().nullable(),
  new: z.string().nullable(),
});
const changed = z.object({ id: z.string(), changes: z.array(change) });
const itemDiff = z.object({
  added: z.array(z.string()),
  removed: z.array(z.string()),
  changed: z.array(changed),
});
const versionGroup = z.object({
  agent_id: z.string(),
  fingerprint: z.string(),
  node_id: z.string(),
  error_type: z.string(),
  class: z.string(),
  failures_from: count,
  failures_to: count,
  /** Attempts of the group's node on the newer version: without any, a group that is gone says nothing. */
  attempts_to: count,
});

/** Which of two snapshots to compare. */
export const graphDiffQuery = z.strictObject({ from: snapshotRef, to: snapshotRef });

/** What is different between two snapshots of a graph, and in what fails on them. */
export const graphDiff = z.object({
  from: z.string(),
  to: z.string(),
  /** Whether both are graphs of nodes and edges; otherwise `graph` holds all that is known. */
  known_shape: z.boolean(),
  nodes: itemDiff,
  /** Edges are named `source->target`. */
  edges: itemDiff,
  /** Changes outside of nodes and edges. */
  graph: z.array(change),
  groups: z.object({
    new: z.array(versionGroup),
    gone: z.array(versionGroup),
    unchanged: z.array(versionGroup),
  }),
  notes: z.array(z.string()),
  /** The same as Markdown, with all values quoted. */
  text: z.string(),
});
export type GraphDiff = z.infer<typeof graphDiff>;

export const brief = z.object({
  agent_id: z.string(),
  since: z.string().nullable(),
  /** All that there is; the lists below hold at most 20 each. */
  totals: z.object({
    failures: count,
    groups: count,
    /** Of the groups, those that are resolved or ignored and so not listed. */
    resolved: count,
    ignored: count,
    evolutions: count,
  }),
  runs: z.array(
    z.object({
      graph_snapshot_ref: z.string(),
      outcome: z.string(),
      runs: count,
      last_started: instant,
    }),
  ),
  groups: z.array(briefGroup),
  evolutions: z.array(triedFix),
  /** The same as Markdown for a prompt, at most `max_tokens` long. */
  markdown: z.string(),
  /** Tokens of `markdown`, counted with the o200k_base encoding. */
  tokens: count,
});
export type Brief = z.infer<typeof brief>;
