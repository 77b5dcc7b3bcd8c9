// The tables of one server or of a cluster: their rows are read, deleted and changed for good.
import { setTimeout as wait } from 'node:timers/promises';
import type { ClickHouseSettings } from '@clickhouse/client';
import type { ClickHouse } from '../serving/clickhouse.ts';
import type { StoredTable } from './tables.ts';

/** Every server of the cluster that the tables are spread over. */
export interface EveryServer {
  /** Runs a statement on all of them; `{ON CLUSTER}` stands where that clause may be needed. */
  everywhere(statement: string, settings?: ClickHouseSettings): Promise<void>;
  close(): Promise<void>;
}

/** Statements name many hashes. */
const LARGE = { max_query_size: '134217728', max_ast_elements: '10000000' };
const LOOK_MS = 100;
/** How long ClickHouse may take to remove files of rows that are deleted already, in milliseconds. */
const FILES_MS = 60_000;
/** Shorter than a second cannot be set. */
const LIFETIME_MS = 1_000;

/** Throws what ClickHouse answers when it is away or refuses. */
export class StoredRows {
  readonly #client: ClickHouse;
  readonly #cluster: EveryServer | undefined;
  readonly #changed = new Set<StoredTable>();

  /** @param cluster where the tables are Distributed ones */
  constructor(client: ClickHouse, cluster: EveryServer | undefined) {
    this.#client = client;
    this.#cluster = cluster;
  }

  /** Tables that keep rows, the ones behind a Distributed table with it. */
  async tables(): Promise<StoredTable[]> {
    const found = await this.select<{ name: string; columns: string[]; engine: string }>(
      `SELECT t.name AS name, groupArray(c.name) AS columns, any(t.engine_full) AS engine
       FROM system.tables AS t INNER JOIN system.columns AS c ON c.database = t.database AND c.table = t.name
       WHERE t.database = currentDatabase() AND (t.engine LIKE '%MergeTree' OR t.engine = 'Distributed')
       GROUP BY name ORDER BY name`,
    );
    const tables = found.map(({ name, columns, engine }) => {
      const [, cluster, database, table] =
        /^Distributed\('([^']+)', '([^']+)', '([^']+)'/.exec(engine) ?? [];
      const local = cluster && database && table ? { cluster, database, table } : undefined;
      return { name, columns: new Set(columns), local };
    });
    const behind = new Set(tables.map(({ local }) => local?.table));
    return tables.filter(({ name }) => !behind.has(name));
  }

  /** @returns how many rows went */
  async delete(table: StoredTable, condition: string): Promise<number> {
    return this.#mutate(table, 'DELETE', condition);
  }

  /** @returns how many rows were changed */
  async update(table: StoredTable, change: string, condition: string): Promise<number> {
    return this.#mutate(table, `UPDATE ${change}`, condition);
  }

  async #mutate(table: StoredTable, change: string, condition: string): Promise<number> {
    const count = await this.#count(table.name, condition);
    if (count === 0) return 0;
    this.#changed.add(table);
    await this.#alter(table, `${change} WHERE ${condition}`, { ...LARGE, mutations_sync: '0' });
    const waiting = this.#everywhere(table, 'mutations');
    for (;;) {
      const [left] = await this.select<{ count: string; reason: string }>(
        `SELECT count() AS count, any(latest_fail_reason) AS reason FROM ${waiting} AND NOT is_done`,
      );
      if (Number(left!.count) === 0) return count;
      if (left!.reason !== '') throw new Error(`ClickHouse cannot delete: ${left!.reason}`);
      await wait(LOOK_MS);
    }
  }

  /**
   * ClickHouse keeps files of replaced parts for a while; those of all that was changed go at once.
   * @returns how many are left
   */
  async removeFiles(): Promise<number> {
    const tables = [...this.#changed];
    const alter = async (change: string): Promise<void> => {
      for (const table of tables) await this.#alter(table, change);
    };
    await alter('MODIFY SETTING old_parts_lifetime = 1');
    try {
      for (const start = performance.now(); ; await wait(LIFETIME_MS)) {
        // It looks after old files now and then, and at once when a partition is dropped: one that nothing is in.
        await Promise.all(
          tables.map((table) => this.#alter(table, "DROP PARTITION ID '00000000'")),
        );
        let left = 0;
        for (const table of tables) {
          const [row] = await this.select<{ count: string }>(
            `SELECT count() AS count FROM ${this.#everywhere(table, 'parts')} AND NOT active`,
          );
          left += Number(row!.count);
        }
        if (left === 0 || performance.now() - start > FILES_MS) return left;
      }
    } finally {
      await alter('RESET SETTING old_parts_lifetime');
    }
  }

  async insert(query: string): Promise<void> {
    await this.#client.command({ query, clickhouse_settings: LARGE });
  }

  /** The texts that a statement selects `AS hash`, without the empty one. */
  async hashes(query: string, params: Record<string, string> = {}): Promise<string[]> {
    if (query === '') return [];
    const rows = await this.select<{ hash: string }>(query, params);
    return rows.map(({ hash }) => hash).filter((hash) => hash !== '');
  }

  async select<T>(query: string, params: Record<string, string> = {}): Promise<T[]> {
    const result = await this.#client.query({
      query,
      query_params: params,
      format: 'JSONEachRow',
      // Every version of a row counts.
      clickhouse_settings: { ...LARGE, final: 0 },
    });
    return result.json<T>();
  }

  async #count(table: string, condition: string): Promise<number> {
    const query = `SELECT count() AS count FROM ${table} WHERE ${condition}`;
    const [row] = await this.select<{ count: string }>(query);
    return Number(row!.count);
  }

  async #alter(
    { name, local }: StoredTable,
    change: string,
    settings: ClickHouseSettings = {},
  ): Promise<void> {
    if (!local) {
      const query = `ALTER TABLE ${name} ${change}`;
      await this.#client.command({ query, clickhouse_settings: settings });
      return;
    }
    if (!this.#cluster) {
      throw new Error(
        `${name} is spread over the cluster ${local.cluster}: start the collector with --clickhouse-cluster`,
      );
    }
    const statement = `ALTER TABLE ${local.database}.${local.table} {ON CLUSTER} ${change}`;
    await this.#cluster.everywhere(statement, settings);
  }

  /** A table of `system`, of all servers, as far as it is about one of ours. */
  #everywhere({ name, local }: StoredTable, system: 'mutations' | 'parts'): string {
    return local
      ? `clusterAllReplicas('${local.cluster}', system.${system}) WHERE database = '${local.database}' AND table = '${local.table}'`
      : `system.${system} WHERE database = currentDatabase() AND table = '${name}'`;
  }
}
