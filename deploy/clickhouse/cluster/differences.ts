// What servers of one cluster should have in common and do not, and which do not reach each other.
import { type ClickHouse, connectClickHouse } from '../../../collector/serving/clickhouse.ts';
import type { ClickHouseConnection } from '../migrate.ts';

/** Clocks that are further apart put rows into wrong hours, in milliseconds. */
const CLOCK_MS = 5_000;

interface Seen {
  url: string;
  version: string;
  /** By which its clock is ahead of this machine's, in milliseconds. */
  aheadMs: number;
}

/** A line for versions that differ and one for each clock that is off; addresses that do not answer are left out. */
export async function differencesOf(connection: ClickHouseConnection): Promise<string[]> {
  const answers = await Promise.allSettled(
    [connection.url].flat().map((url) => look(connection, url)),
  );
  const seen = answers.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  const lines: string[] = [];
  const versions = new Set(seen.map(({ version }) => releaseOf(version)));
  if (versions.size > 1) {
    const each = seen.map(({ url, version }) => `${version} at ${url}`).join(', ');
    lines.push(
      `the servers are of different versions, which is meant for an upgrade only: ${each}`,
    );
  }
  for (const { url, aheadMs } of seen) {
    if (Math.abs(aheadMs) < CLOCK_MS) continue;
    const seconds = Math.round(Math.abs(aheadMs) / 1000);
    const way = aheadMs > 0 ? 'ahead of' : 'behind';
    lines.push(
      `the clock of ${url} is ${seconds} s ${way} this machine's: retention and rates use it`,
    );
  }
  return lines;
}

async function look(connection: ClickHouseConnection, url: string): Promise<Seen> {
  const client = connectClickHouse({ ...connection, url });
  try {
    const began = Date.now();
    const result = await client.query({
      query: 'SELECT version() AS version, toUnixTimestamp64Milli(now64(3)) AS now',
      format: 'JSONEachRow',
    });
    const [row] = await result.json<{ version: string; now: string }>();
    return { url, version: row!.version, aheadMs: Number(row!.now) - (began + Date.now()) / 2 };
  } finally {
    await client.close();
  }
}

/** A line for each server that does not reach shards of its cluster; addresses that do not answer are left out. */
export async function unreachedShards(
  connection: ClickHouseConnection,
  cluster: string,
): Promise<string[]> {
  const lines = [connection.url].flat().map(async (url) => {
    const client = connectClickHouse({ ...connection, url });
    // A user who may not ask the others is no reason to report anything.
    const unreached = await unreachedFrom(client, cluster).catch(() => []);
    await client.close();
    return unreached.length === 0
      ? []
      : `${url} does not reach ${unreached.join(' or ')} over the native protocol: questions fail, and its rows wait`;
  });
  return (await Promise.all(lines)).flat();
}

/** @returns names as in `shard 2 (ch-2:9000)` */
async function unreachedFrom(client: ClickHouse, cluster: string): Promise<string[]> {
  const result = await client.query({
    query: `SELECT concat('shard ', toString(shard_num), ' (', any(host_name), ':', toString(any(port)), ')') AS name
            FROM system.clusters WHERE cluster = {cluster:String}
              AND shard_num NOT IN (SELECT _shard_num FROM cluster({cluster:String}, system.one))
            GROUP BY shard_num ORDER BY shard_num`,
    query_params: { cluster },
    format: 'JSONEachRow',
    clickhouse_settings: {
      skip_unavailable_shards: 1,
      connections_with_failover_max_tries: '1',
      handshake_timeout_ms: 2_000,
      prefer_localhost_replica: 1,
    },
  });
  const rows = await result.json<{ name: string }>();
  return rows.map(({ name }) => name);
}

/** `26.7` of `26.7.2.1`. */
const releaseOf = (version: string): string => version.split('.', 2).join('.');
