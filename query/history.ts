// The questions that an agent's history answers, as one type that every door offers: in-process over
// ClickHouse (connect.ts) or over HTTP (http/client.ts).

import type {
  Agent,
  Brief,
  Evolution,
  EvolutionEffects,
  EvolutionInput,
  Failure,
  FailureDetail,
  GraphDiff,
  GraphSnapshot,
  ListedEvolution,
  Page,
  SqlResult,
} from './base/schemas.ts';
import type { RetryHistory } from './questions/advice/advice.ts';
import type { AlertsHistory } from './questions/alerts/alerts.ts';
import type { CascadeHistory } from './questions/cascade/questions.ts';
import type { CasesHistory } from './questions/cases/cases.ts';
import type { GroupsHistory } from './questions/groups/questions.ts';
import type { NodesHistory } from './questions/nodes/nodes.ts';
import type { SimilarHistory } from './questions/similar/questions.ts';
import type { TimelineHistory } from './questions/timeline/timeline.ts';

/** Filters that lists share. */
export interface ListOptions {
  /** ISO 8601 instant, or how long ago: `30m`, `24h`, `7d`. Default: all that is kept. */
  since?: string;
  /** 1 to 500. @default 20 */
  limit?: number;
  /** `next_cursor` of the page before. */
  cursor?: string;
}

export interface AgentsOptions {
  /** Whether to count each agent's groups by state, which reads every failure. @default false */
  states?: boolean;
}

export interface FailuresOptions extends ListOptions {
  agent?: string;
  node?: string;
  fingerprint?: string;
  run?: string;
}

export interface EvolutionsOptions extends ListOptions {
  agent?: string;
  /** Those that target a group or a failure of this node, as far as its failures are kept. */
  node?: string;
  /**
   * Whether to tell what each did to the groups that it targets: as {@link History.effects} does, for a
   * whole page in as many statements an agent as for one evolution. As in the brief, a run that was under
   * way when another evolution of the page came counts once before that moment and once after it.
   * @default false
   */
  effects?: boolean;
}

export interface BriefOptions {
  node?: string;
  since?: string;
  /** 200 to 100,000. @default 1500 */
  max_tokens?: number;
}

/**
 * Every method throws `InvalidInputError` for input that is wrong in itself (its `field` names
 * which), `NotFoundError` for an id that is not stored and `UnavailableError` when the store cannot
 * be reached.
 */
export interface History
  extends CascadeHistory,
    SimilarHistory,
    RetryHistory,
    GroupsHistory,
    AlertsHistory,
    CasesHistory,
    NodesHistory,
    TimelineHistory {
  /** All agents that were ever seen, the latest first. `states` adds their groups by state. */
  agents(options?: AgentsOptions): Promise<Page<Agent>>;
  /** Failures, newest first. */
  recentFailures(options?: FailuresOptions): Promise<Page<Failure>>;
  /** One failure with its graph snapshot and the first evolution that came of it. */
  failure(failureId: string): Promise<FailureDetail>;
  /** Evolutions, newest first. `effects` adds what they did to the groups that they target. */
  evolutions(options?: EvolutionsOptions): Promise<Page<ListedEvolution>>;
  evolution(evolutionId: string): Promise<Evolution>;
  /** What an evolution did to each group that it targets or touched, counted and judged anew. */
  effects(evolutionId: string): Promise<EvolutionEffects>;
  /** Remembers a change of an agent's graph; resolves when it can be read back. */
  recordEvolution(input: EvolutionInput): Promise<Evolution>;
  /** What to read before an agent is evolved. An agent without history gets one line that says so. */
  brief(agentId: string, options?: BriefOptions): Promise<Brief>;
  graph(ref: string): Promise<GraphSnapshot>;
  /** What is different between two snapshots, and in what fails on them. */
  diffGraphs(from: string, to: string): Promise<GraphDiff>;
  /** Read-only SQL over the tables and views; at most 10,000 rows. */
  sql(sql: string, params?: Record<string, string | number>): Promise<SqlResult>;
  close(): Promise<void>;
}
