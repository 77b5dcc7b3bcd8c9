// Checks a ClickHouse server: whether it answers, its version, its clock, and what the user may do.
import { text } from 'node:stream/consumers';
import {
  type ClickHouseClient,
  ClickHouseError,
  ClickHouseLogLevel,
  createClient,
} from '@clickhouse/client';
import { differencesOf, unreachedShards } from '../clickhouse/cluster/differences.ts';
import { openCluster } from '../clickhouse/cluster/members.ts';
import type { ClickHouseConnection } from '../clickhouse/migrate.ts';
import { type Finding, fail, ok, reasonOf, warn } from './finding.ts';

/** The embedded engine is of this line, and so is what the tests run on. */
const TESTED_MAJOR = 26;
const ANSWER_MS = 5_000;
const database = 'faultline';

interface Connection {
  url: string;
  username: string;
  password: string;
}

/** What `faultline start` and `faultline migrate` do there. */
const RIGHTS = ['CREATE DATABASE', 'CREATE TABLE', 'CREATE VIEW', 'ALTER', 'INSERT', 'SELECT'];

export async function checkClickHouse(connection: Connection): Promise<Finding[]> {
  const client = createClient({
    ...connection,
    request_timeout: ANSWER_MS,
    log: { level: ClickHouseLogLevel.OFF },
  });
  try {
    const { version, now } = await one<{ version: string; now: string }>(
      client,
      "SELECT version() AS version, toUnixTimestamp64Milli(now64(3, 'UTC')) AS now",
    );
    return [
      checkVersion(version),
      checkServerClock(Number(now), Date.now()),
      await checkRights(client, connection.username),
      ...(await checkMerges(client)),
    ];
  } catch (error) {
    const advice =
      error instanceof ClickHouseError
        ? 'see --clickhouse-user and --clickhouse-password'
        : 'see --clickhouse-url: it is the HTTP interface, port 8123 or 8443 as a rule';
    return [fail('clickhouse', `${connection.url} does not answer: ${reasonOf(error)}`, advice)];
  } finally {
    await client.close();
  }
}

async function one<T>(client: ClickHouseClient, query: string): Promise<T> {
  const result = await client.query({ query, format: 'JSONEachRow' });
  const [row] = await result.json<T>();
  return row!;
}

export function checkVersion(version: string): Finding {
  const what = `ClickHouse ${version}`;
  return Number(version.split('.')[0]) < TESTED_MAJOR
    ? warn(
        'clickhouse',
        what,
        `${TESTED_MAJOR} is tested: update the server if something is refused`,
      )
    : ok('clickhouse', what);
}

const MUCH_APART_MS = 60_000;
const APART_MS = 2_000;

/** @param server its time, @param here this machine's: milliseconds since 1970 */
export function checkServerClock(server: number, here: number): Finding {
  const apart = Math.abs(server - here);
  const what = `${(apart / 1000).toFixed(1)} s apart from this machine's`;
  if (apart < APART_MS) return ok('clickhouse clock', what);
  const advice = 'keep both clocks by NTP: rows are kept and judged by time';
  return apart < MUCH_APART_MS
    ? warn('clickhouse clock', what, advice)
    : fail('clickhouse clock', what, advice);
}

const MERGES = 'clickhouse merges';

/** A server of one's own has its own settings: without replicas a power cut may take rows that a merge has just moved. */
async function checkMerges(client: ClickHouseClient): Promise<Finding[]> {
  const found = await one<{ rows: string; replicated: string }>(
    client,
    `SELECT (SELECT value FROM system.merge_tree_settings WHERE name = 'min_rows_to_fsync_after_merge') AS rows,
            (SELECT count() FROM system.tables WHERE database = '${database}' AND engine LIKE 'Replicated%') AS replicated`,
  ).catch(() => undefined);
  // A user who may not read settings is no reason to report anything.
  if (!found || Number(found.replicated) > 0) return [];
  return [
    Number(found.rows) > 0
      ? ok(MERGES, 'merged parts are synced')
      : warn(
          MERGES,
          'merged parts are not synced, and the tables have no replicas: a power cut within minutes after a merge may lose rows',
          'set <merge_tree><min_rows_to_fsync_after_merge>1</min_rows_to_fsync_after_merge></merge_tree> in the server’s configuration',
        ),
  ];
}

async function checkRights(client: ClickHouseClient, user: string): Promise<Finding> {
  const missing: string[] = [];
  for (const right of RIGHTS) {
    try {
      // It asks, and changes nothing. It takes no FORMAT, so its answer is `1` or `0` as text.
      const { stream } = await client.exec({ query: `CHECK GRANT ${right} ON ${database}.*` });
      if ((await text(stream)).trim() !== '1') missing.push(right);
    } catch (error) {
      const advice = 'see that the user may create and alter tables, insert and select';
      return warn('clickhouse rights', `cannot be asked for: ${reasonOf(error)}`, advice);
    }
  }
  return missing.length === 0
    ? ok('clickhouse rights', `${user} may do what is needed`)
    : fail(
        'clickhouse rights',
        `${user} lacks ${missing.join(', ')}`,
        `run GRANT ${missing.join(', ')} ON ${database}.* TO ${user}`,
      );
}

/**
 * Whether the addresses know the cluster, each of its shards can be reached from here and from the others, and what its
 * servers do not have in common.
 */
export async function checkCluster(
  connection: ClickHouseConnection,
  cluster: string,
): Promise<Finding[]> {
  try {
    const access = await openCluster(connection, cluster);
    await access.close();
    const shards = new Set(access.members.map(({ shard }) => shard)).size;
    const what = `${cluster} has ${shards} shards, ${access.hasKeeper ? 'with a keeper' : 'without a keeper'}`;
    const [differences, unreached] = await Promise.all([
      differencesOf(connection),
      unreachedShards(connection, cluster),
    ]);
    return [
      ok('cluster', what),
      ...unreached.map((line) =>
        fail('cluster', line, 'open that port between the servers, and see <remote_servers>'),
      ),
      ...differences.map((line) => warn('cluster', line, 'see docs/cluster.md')),
    ];
  } catch (error) {
    return [fail('cluster', reasonOf(error), 'see docs/cluster.md, Errors')];
  }
}
