// Checks a ClickHouse server: whether it answers, its version, its clock, and what the user may do.
import { text } from 'node:stream/consumers';
import {
  type ClickHouseClient,
  ClickHouseError,
  ClickHouseLogLevel,
  createClient,
} from '@clickhouse/client';
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
