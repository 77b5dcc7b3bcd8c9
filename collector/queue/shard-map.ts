// How the rows of a cluster's tables are spread over its shards, as ClickHouse's own tables have it.
import { ClickHouseError } from '@clickhouse/client';
import type { ClickHouse } from '../serving/clickhouse.ts';

/** A shard, and which rows are its own. */
export interface Shard {
  /** From 1. */
  number: number;
  /** By table: an expression over a row's columns that is true for the rows of this shard. */
  conditions: ReadonlyMap<string, string>;
}

/** Codes by which a server says that it cannot reach another: end of the connection, timeouts, network, no replica. */
const AWAY_CODES = new Set(['32', '159', '209', '210', '279']);

/** Whether an insert may have failed because of one shard alone; that takes a try at each to know. */
export function mayBeShardAway(error: unknown): boolean {
  const cause = error instanceof Error && error.cause ? error.cause : error;
  if (cause instanceof ClickHouseError) return AWAY_CODES.has(cause.code);
  return cause instanceof Error && /^Timeout/.test(cause.message);
}

/** @throws when no server answers */
export async function readShards(client: ClickHouse): Promise<Shard[]> {
  const rowsOf = async <T>(query: string, query_params = {}): Promise<T[]> => {
    const result = await client.query({ query, query_params, format: 'JSONEachRow' });
    return result.json<T>();
  };
  const tables = await rowsOf<{ name: string; cluster: string; key: string }>(
    `SELECT name, extract(engine_full, '^Distributed\\\\(\\'([^\\']+)') AS cluster,
            extract(engine_full, '^Distributed\\\\(\\'[^\\']+\\', \\'[^\\']+\\', \\'[^\\']+\\', (.*)\\\\)$') AS key
     FROM system.tables WHERE database = currentDatabase() AND engine = 'Distributed'`,
  );
  const cluster = tables[0]?.cluster;
  if (cluster === undefined) return [];
  const weights = await rowsOf<{ number: number; weight: number }>(
    `SELECT DISTINCT shard_num AS number, shard_weight AS weight
     FROM system.clusters WHERE cluster = {cluster:String} ORDER BY number`,
    { cluster },
  );
  const total = weights.reduce((sum, { weight }) => sum + weight, 0);
  let from = 0;
  return weights.map(({ number, weight }) => {
    const range = [from, from + weight];
    from += weight;
    const within = ({ key }: { key: string }): string =>
      `(${key}) % ${total} >= ${range[0]} AND (${key}) % ${total} < ${range[1]}`;
    return { number, conditions: new Map(tables.map((table) => [table.name, within(table)])) };
  });
}
