// Which shard a row is on, and what a statement has to be sent along with so that it goes to the right ones.
import { type ClickHouseSettings, SettingsMap } from '@clickhouse/client';

/**
 * Shards that the rows of one agent may be on: each of its slots is put on a shard by itself. More of them spread
 * a large agent further, and send the questions about a small one to more shards (docs/cluster.md has numbers).
 */
export const SLOTS = 8;

/**
 * What the slot of a row is made of, for tables with many rows for each agent. It is part of the sorting key, so
 * all rows that replace each other meet on one shard.
 */
const SLOT_COLUMNS: Readonly<Record<string, string>> = {
  failures: 'failure_id',
  node_attempts: 'trace_id',
  graph_runs: 'run_id',
};

const slotOf = (column: string): string => `sipHash64(${column}) % ${SLOTS}`;

/**
 * The sharding key of a table. Tables without slots are spread by the first column of their sorting key, which is
 * right for any table: what replaces each other agrees in it.
 */
export function shardingKey(table: string, sortingKey: string): string {
  const column = SLOT_COLUMNS[table];
  const first = sortingKey.split(',')[0]!.trim();
  return column === undefined ? `sipHash64(${first})` : `sipHash64(agent_id, ${slotOf(column)})`;
}

/** A shard that takes connections and answers nothing is away as well. */
const patience: ClickHouseSettings = { handshake_timeout_ms: 2_000 };

/**
 * Settings for statements that read: subqueries are answered by all shards, not by each for itself, and a question
 * about one agent goes to the shards of its slots. A shard that is away fails the statement: an answer without its
 * rows would be wrong.
 */
export function readSettings(database: string): ClickHouseSettings {
  return {
    distributed_product_mode: 'global',
    optimize_skip_unused_shards: 1,
    additional_table_filters: SettingsMap.from(slotFilters(database)),
    // Replicas are not equally far; answers of one service should not jump between them.
    load_balancing: 'in_order',
    skip_unavailable_shards: 0,
    ...patience,
  };
}

/**
 * Of so many shards an agent is on nearly every one (docs/cluster.md), and to find out which costs a statement a quarter
 * of its time.
 */
const FEW_SHARDS = 4;

/** True for every row; ClickHouse needs them to know what the slots may be. */
function slotFilters(database: string): Record<string, string> {
  const slots = Array.from({ length: SLOTS }, (_, slot) => slot).join(', ');
  const filters = Object.entries(SLOT_COLUMNS).map(([table, column]) => [
    `${database}.${table}`,
    `${slotOf(column)} IN (${slots})`,
  ]);
  return Object.fromEntries(filters);
}

/**
 * How questions are asked. Planning a statement for all shards costs as much as running it on one, so the servers take
 * turns in it; whichever is asked, the first replica of each shard answers, its own too. Each shard would apply the
 * filters of the slots as well, and read a column for it, so its own tables have one that reads nothing: of two for
 * one table the first counts. Inserts cannot have that: a view over such a table would fail.
 *
 * @param addresses how many are given, one of each shard at least; 1 may be any number of servers behind a balancer
 */
export function readOptions(database: string, addresses = 1) {
  const isSmall = addresses > 1 && addresses <= FEW_SHARDS;
  return {
    inRotation: true,
    clickhouse_settings: {
      ...readSettings(database),
      additional_table_filters: SettingsMap.from(isSmall ? {} : filtersOf(database)),
      prefer_localhost_replica: 0,
    } satisfies ClickHouseSettings,
  };
}

/** Slots for the tables over all shards, and nothing for those of each. */
function filtersOf(database: string): Record<string, string> {
  const nothing = Object.keys(SLOT_COLUMNS).map((table) => [`${database}.${table}_local`, '1']);
  return { ...slotFilters(database), ...Object.fromEntries(nothing) };
}

/**
 * Settings for statements that write. An insert is confirmed when its rows are on their shards. Rows that are sent
 * again replace themselves, so ClickHouse need not skip them; if it did, a view over them that failed the first
 * time would never see them.
 */
export const writeSettings: ClickHouseSettings = {
  ...patience,
  // Seconds; less than the collector waits for an insert.
  distributed_background_insert_timeout: 20,
  distributed_foreground_insert: 1,
  insert_deduplicate: 0,
};
