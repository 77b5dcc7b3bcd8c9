// Keeps the tables within a bound on disk: the oldest weeks go first, and the log says so.
import type { Logger } from 'pino';
import type { ClickHouse } from '../serving/clickhouse.ts';
import { PeriodicTask } from '../serving/periodic-task.ts';
import { type EveryServer, StoredRows } from './stored-rows.ts';

export interface DiskBoundStats {
  /** Bytes that the tables take, on a cluster those of all shards, when they were last looked at. */
  bytes: number;
  /** Weeks that were dropped since the start. */
  weeks: number;
}

interface DiskBoundParts {
  client: ClickHouse;
  /** Opens the cluster that the tables are spread over. @default tables of one server */
  openCluster?: (() => Promise<EveryServer>) | undefined;
  maxBytes: number;
  /** Between two looks, in milliseconds. @default 60,000 */
  everyMs?: number;
  logger: Logger;
}

/** A partition of a table. */
interface Stored {
  table: string;
  /** The first day of its rows; another text where the table is not partitioned by time. */
  partition: string;
  bytes: string;
}

const EVERY_MS = 60_000;
const WEEK_MS = 7 * 86_400_000;
const DAY = /^\d{4}-\d\d-\d\d$/;

/** Collectors that look at once drop the same weeks. */
export class DiskBound {
  readonly #parts: DiskBoundParts;
  readonly #stats: DiskBoundStats = { bytes: 0, weeks: 0 };
  readonly #task: PeriodicTask;
  /** What was logged last, so that a state is one line. */
  #problem = '';

  constructor(parts: DiskBoundParts) {
    this.#parts = parts;
    this.#task = new PeriodicTask({
      everyMs: parts.everyMs ?? EVERY_MS,
      firstMs: 0,
      work: async () => this.#note(await this.#look()),
      failed: (reason) => this.#note(`the disk cannot be looked at now: ${reason}`),
    });
  }

  stats(): DiskBoundStats {
    return { ...this.#stats };
  }

  close(): Promise<void> {
    return this.#task.close();
  }

  #note(problem: string): void {
    if (problem !== '' && problem !== this.#problem) this.#parts.logger.error(problem);
    this.#problem = problem;
  }

  /** @returns why the bound is not kept; '' when it is */
  async #look(): Promise<string> {
    const { maxBytes, openCluster, logger } = this.#parts;
    const stored = await this.#stored();
    let bytes = stored.reduce((sum, one) => sum + Number(one.bytes), 0);
    this.#stats.bytes = bytes;
    if (bytes <= maxBytes) return '';
    const dated = stored.filter(({ partition }) => DAY.test(partition));
    const weeks = oldestWeeks(dated, bytes - maxBytes);
    const last = weeks.at(-1);
    const cluster = await openCluster?.();
    try {
      if (last) await this.#deleteRuns(last.before, cluster);
      for (const { week, parts, bytes: freed } of weeks) {
        for (const one of parts) await this.#drop(one, cluster);
        bytes -= freed;
        this.#stats.bytes = bytes;
        this.#stats.weeks++;
        logger.warn({ week, bytes: freed }, 'dropped the oldest week: --max-disk-gib was reached');
      }
    } finally {
      await cluster?.close();
    }
    return bytes <= maxBytes
      ? ''
      : 'the tables are larger than --max-disk-gib, and only this week is left';
  }

  /** Runs are not stored by week. Without their failures they would count as good ones. */
  async #deleteRuns(before: string, cluster: EveryServer | undefined): Promise<void> {
    const rows = new StoredRows(this.#parts.client, cluster);
    const runs = (await rows.tables()).find(({ name }) => name === 'graph_runs');
    if (runs) await rows.delete(runs, `started_at < toDateTime64('${before}', 9, 'UTC')`);
  }

  async #drop({ table, partition }: Stored, cluster: EveryServer | undefined): Promise<void> {
    const { client } = this.#parts;
    const settings = { max_partition_size_to_drop: '0' };
    if (!cluster) {
      const query = `ALTER TABLE ${table} DROP PARTITION '${partition}'`;
      await client.command({ query, clickhouse_settings: settings });
      return;
    }
    const [row] = await this.#select<{ database: string }>('SELECT currentDatabase() AS database');
    const statement = `ALTER TABLE ${row!.database}.${table} {ON CLUSTER} DROP PARTITION '${partition}'`;
    await cluster.everywhere(statement, settings);
  }

  async #stored(): Promise<Stored[]> {
    const [spread] = await this.#select<{ cluster: string }>(
      `SELECT extract(engine_full, '^Distributed\\\\(\\'([^\\']+)') AS cluster
       FROM system.tables WHERE database = currentDatabase() AND engine = 'Distributed' LIMIT 1`,
    );
    const parts = spread ? `cluster('${spread.cluster}', system.parts)` : 'system.parts';
    return this.#select<Stored>(
      `SELECT table, partition, sum(bytes_on_disk) AS bytes FROM ${parts}
       WHERE database = currentDatabase() AND active GROUP BY table, partition`,
    );
  }

  async #select<T>(query: string): Promise<T[]> {
    const result = await this.#parts.client.query({ query, format: 'JSONEachRow' });
    return result.json<T>();
  }
}

interface Week {
  /** Its Monday, and the next one. */
  week: string;
  before: string;
  parts: Stored[];
  bytes: number;
}

/** As many of the oldest weeks as are needed to free so many bytes; never this week or one that clocks put after it. */
function oldestWeeks(dated: readonly Stored[], excess: number): Week[] {
  const weeks = new Map<string, Stored[]>();
  for (const one of dated) {
    const week = mondayOf(Date.parse(one.partition));
    weeks.set(week, [...(weeks.get(week) ?? []), one]);
  }
  const thisWeek = mondayOf(Date.now());
  const going: Week[] = [];
  for (const [week, parts] of [...weeks].sort(([one], [other]) => (one < other ? -1 : 1))) {
    if (excess <= 0 || week >= thisWeek) break;
    const bytes = parts.reduce((sum, one) => sum + Number(one.bytes), 0);
    going.push({ week, before: mondayOf(Date.parse(week) + WEEK_MS), parts, bytes });
    excess -= bytes;
  }
  return going;
}

/** The Monday of a moment, as ClickHouse writes it. */
function mondayOf(ms: number): string {
  const day = new Date(ms);
  day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
  return day.toISOString().slice(0, 10);
}
