// Reads what the watch over runs needs from ClickHouse: one file of sql/ a question.
import { readFileSync } from 'node:fs';
import type { FailureRow } from '../rows/rows.ts';
import type { ClickHouse } from '../serving/clickhouse.ts';
import type { Graph, Signs } from './last-events.ts';
import type { OpenRun } from './lost-run.ts';

const folder = new URL('./sql/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(`${name}.sql`, folder), 'utf8');
const statements = {
  openRuns: read('open_runs'),
  lostFailures: read('lost_failures'),
  endedRuns: read('ended_runs'),
  attempts: read('attempts_of_runs'),
  failures: read('failures_of_runs'),
  graphs: read('graphs'),
};

/** Most runs of one look, and most failures of lost runs that are watched. */
export const MAX_RUNS = 10_000;
/** Runs of a question: their ids stand in the URL, where Node takes 16 KiB of headers in all. */
const MAX_ASKED = 100;

export interface RunKey {
  agent_id: string;
  run_id: string;
}

/** A run's name among those of all agents. */
export const keyOf = ({ agent_id, run_id }: RunKey): string => `${agent_id}\n${run_id}`;

type AttemptSigns = RunKey & NonNullable<Signs['attempt']> & { attempts: string };
type FailureSigns = RunKey & NonNullable<Signs['failure']>;

/** Times are ClickHouse's texts. */
export class RunStore {
  private readonly client: ClickHouse;
  private readonly signal: AbortSignal;

  constructor(client: ClickHouse, signal: AbortSignal) {
    this.client = client;
    this.signal = signal;
  }

  /** Runs without an end that started since, and were first heard of before `until`. */
  openRuns(since: string, until: string): Promise<OpenRun[]> {
    return this.select(statements.openRuns, { since, until, limit: MAX_RUNS });
  }

  /** Rows of lost runs since, also those that are gone again. */
  lostFailures(since: string): Promise<FailureRow[]> {
    return this.select(statements.lostFailures, { since, limit: MAX_RUNS });
  }

  /** Keys of those runs that have ended. */
  async ended(runs: readonly RunKey[]): Promise<Set<string>> {
    const found = new Set<string>();
    for (const some of parts(runs)) {
      for (const run of await this.select<RunKey>(statements.endedRuns, namesOf(some))) {
        found.add(keyOf(run));
      }
    }
    return found;
  }

  /** What was heard of each run since it started, by key; runs of which nothing was are left out. */
  async signs(runs: readonly (RunKey & { since: string })[]): Promise<Map<string, Signs>> {
    const found = new Map<string, Signs>();
    for (const some of parts(runs)) {
      const since = some.map((run) => run.since).sort()[0];
      const of = { ...namesOf(some), since };
      const attempts = await this.select<AttemptSigns>(statements.attempts, of);
      const failures = await this.select<FailureSigns>(statements.failures, of);
      for (const { attempts: count, last_at, node_id, attempt, ok, ...run } of attempts) {
        const signs = { attempts: Number(count), attempt: { last_at, node_id, attempt, ok } };
        found.set(keyOf(run), signs);
      }
      for (const row of failures) {
        const key = keyOf(row);
        found.set(key, { attempts: 0, ...found.get(key), failure: row });
      }
    }
    return found;
  }

  async graphs(refs: readonly string[]): Promise<Map<string, Graph>> {
    const found = new Map<string, Graph>();
    for (const some of parts([...new Set(refs)].filter(Boolean))) {
      const rows = await this.select<Graph & { ref: string }>(statements.graphs, { refs: some });
      for (const row of rows) found.set(row.ref, row);
    }
    return found;
  }

  private async select<Row>(query: string, query_params: Record<string, unknown>): Promise<Row[]> {
    const result = await this.client.query({
      query,
      query_params,
      format: 'JSONEachRow',
      abort_signal: this.signal,
      clickhouse_settings: { final: 0, output_format_json_quote_64bit_integers: 1 },
    });
    return result.json<Row>();
  }
}

function namesOf(runs: readonly RunKey[]): { agents: string[]; runs: string[] } {
  return {
    agents: [...new Set(runs.map(({ agent_id }) => agent_id))],
    runs: runs.map(({ run_id }) => run_id),
  };
}

function parts<T>(all: readonly T[]): T[][] {
  const found: T[][] = [];
  for (let i = 0; i < all.length; i += MAX_ASKED) found.push(all.slice(i, i + MAX_ASKED));
  return found;
}
