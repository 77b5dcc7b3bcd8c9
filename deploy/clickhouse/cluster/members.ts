// The servers of a cluster: who they are, whether they have a keeper, and how to reach each over HTTP.
import { ClickHouseError, type ClickHouseSettings } from '@clickhouse/client';
import { type ClickHouse, connectClickHouse } from '../../../collector/serving/clickhouse.ts';
import { type ClickHouseConnection, MigrationError } from '../migrate.ts';

/** A server of the cluster, as `system.clusters` has it. */
export interface Member {
  shard: number;
  replica: number;
  host: string;
  port: number;
}

/** How statements reach all servers of a cluster. */
export interface ClusterAccess {
  members: readonly Member[];
  /** The keeper runs them everywhere, and tables are replicated. */
  hasKeeper: boolean;
  /** Runs one statement on every server; `{ON CLUSTER}` stands for that clause, where the keeper runs it. */
  everywhere(statement: string, settings?: ClickHouseSettings): Promise<void>;
  /** Every server in the order of `members`, since each has to be looked at by itself; with a keeper any one speaks for all. */
  each: readonly ClickHouse[];
  close(): Promise<void>;
}

/** @throws {MigrationError} with one line: no such cluster, no keeper for replicas, macros missing, a server without address */
export async function openCluster(
  connection: ClickHouseConnection,
  cluster: string,
): Promise<ClusterAccess> {
  const any = connectClickHouse(connection);
  try {
    const members = await membersOf(any, cluster);
    if (await hasKeeper(any)) {
      await checkMacros(any, cluster);
      return {
        members,
        hasKeeper: true,
        everywhere: (statement, settings) =>
          run(any, statement.replace('{ON CLUSTER}', `ON CLUSTER ${quoted(cluster)}`), settings),
        each: [any],
        close: () => any.close(),
      };
    }
    const replicated = members.find(({ replica }) => replica > 1);
    if (replicated) {
      throw new MigrationError(
        `cluster ${cluster} has replicas (${nameOf(replicated)}), and ${urlsOf(connection)[0]} has no keeper: ` +
          'configure <zookeeper>, without which rows do not reach the other replicas',
      );
    }
    const servers = await serversOf(connection, cluster, members);
    await any.close();
    return {
      members,
      hasKeeper: false,
      everywhere: async (statement, settings) => {
        await Promise.all(
          servers.map((server) => run(server, statement.replace('{ON CLUSTER}', ''), settings)),
        );
      },
      each: servers,
      close: async () => {
        await Promise.all(servers.map((server) => server.close()));
      },
    };
  } catch (error) {
    await any.close();
    throw error;
  }
}

async function run(
  server: ClickHouse,
  statement: string,
  settings: ClickHouseSettings = {},
): Promise<void> {
  await server.command({
    query: statement,
    // Waits for every server, and fails with the first that fails.
    clickhouse_settings: {
      ...settings,
      distributed_ddl_task_timeout: '120',
      distributed_ddl_output_mode: 'throw',
    },
  });
}

async function rowsOf<T>(
  server: ClickHouse,
  query: string,
  query_params: Record<string, unknown> = {},
  abort_signal?: AbortSignal,
): Promise<T[]> {
  const result = await server.query({
    query,
    query_params,
    format: 'JSONEachRow',
    ...(abort_signal && { abort_signal }),
  });
  return result.json<T>();
}

async function membersOf(server: ClickHouse, cluster: string): Promise<Member[]> {
  const members = await rowsOf<Member>(
    server,
    `SELECT shard_num AS shard, replica_num AS replica, host_name AS host, port
     FROM system.clusters WHERE cluster = {cluster:String} ORDER BY shard, replica`,
    { cluster },
  );
  if (members.length > 0) return members;
  const known = await rowsOf<{ cluster: string }>(
    server,
    'SELECT DISTINCT cluster FROM system.clusters ORDER BY cluster LIMIT 20',
  );
  throw new MigrationError(
    `--clickhouse-cluster: got "${cluster}"; ` +
      `the server knows ${known.map((one) => `"${one.cluster}"`).join(', ') || 'no cluster'}`,
  );
}

const UNKNOWN_TABLE = '60';
const NO_SUCH_MACRO = '139';

/** @throws what ClickHouse answers when a keeper is configured and away */
async function hasKeeper(server: ClickHouse): Promise<boolean> {
  try {
    await rowsOf(server, "SELECT name FROM system.zookeeper WHERE path = '/' LIMIT 1");
    return true;
  } catch (error) {
    if (error instanceof ClickHouseError && error.code === UNKNOWN_TABLE) return false;
    if (!(error instanceof ClickHouseError)) throw error;
    throw new KeeperAwayError(`the keeper of the cluster does not answer: ${error.message}`, {
      cause: error,
    });
  }
}

/** The tables are made when it answers. */
export class KeeperAwayError extends MigrationError {
  override name = 'KeeperAwayError';
}

async function checkMacros(server: ClickHouse, cluster: string): Promise<void> {
  const query = `SELECT getMacro('shard'), getMacro('replica') FROM clusterAllReplicas(${quoted(cluster)}, system.one)`;
  await rowsOf(server, query).catch((error: unknown) => {
    if (!(error instanceof ClickHouseError && error.code === NO_SUCH_MACRO)) throw error;
    throw new MigrationError(
      `a server of cluster ${cluster} has no <macros> with <shard> and <replica>, which replicated tables need: ${firstLine(error)}`,
      { cause: error },
    );
  });
}

/**
 * A client for each server: each of the addresses says which it is; for the others the name of the host is tried
 * with the port of the first address.
 */
async function serversOf(
  connection: ClickHouseConnection,
  cluster: string,
  members: readonly Member[],
): Promise<ClickHouse[]> {
  const urls = urlsOf(connection);
  const named = new Set(urls.map((url) => new URL(url).hostname));
  const guessed = members.flatMap(({ host }) => {
    const url = new URL(urls[0]!);
    url.hostname = host.includes(':') ? `[${host}]` : host;
    return named.has(url.hostname) ? [] : url.href.replace(/\/$/, '');
  });
  const found = new Map<number, ClickHouse>();
  const reasons: string[] = [];
  // All at once: one that is silent takes its whole time.
  const looked = [...new Set([...urls, ...guessed])].map(async (url) => {
    const server = connectClickHouse({ ...connection, url });
    const shard = await shardOf(server, cluster).catch((error: Error) => {
      reasons.push(`${url}: ${firstLine(error)}`);
      return undefined;
    });
    if (shard === undefined || found.has(shard)) await server.close();
    else found.set(shard, server);
  });
  await Promise.all(looked);
  const missing = members.filter(({ shard }) => !found.has(shard));
  if (missing.length === 0) return members.map(({ shard }) => found.get(shard)!);
  await Promise.all([...found.values()].map((server) => server.close()));
  const why = 'without a keeper every server is changed by itself';
  const them = `${missing.map(nameOf).join(' or ')} of cluster ${cluster}`;
  // One that is named and away may come back.
  throw reasons.length > 0
    ? new Error(`${why}, and ${them} does not answer (${reasons.sort().join('; ')})`)
    : new MigrationError(`${why}, and no --clickhouse-url is ${them}`);
}

/** How long a server has to say which shard it is, in milliseconds. */
const ANSWER_MS = 5_000;

/** @throws when it does not answer in time */
async function shardOf(server: ClickHouse, cluster: string): Promise<number | undefined> {
  const late = AbortSignal.timeout(ANSWER_MS);
  const answer = rowsOf<{ shard: number }>(
    server,
    'SELECT shard_num AS shard FROM system.clusters WHERE cluster = {cluster:String} AND is_local',
    { cluster },
    late,
  );
  const [row] = await answer.catch((error: unknown) => {
    throw late.aborted ? new Error(`no answer within ${ANSWER_MS / 1000} s`) : error;
  });
  return row?.shard;
}

const urlsOf = ({ url }: ClickHouseConnection): readonly string[] => [url].flat();
const nameOf = ({ shard, host, port }: Member): string => `shard ${shard} (${host}:${port})`;
const firstLine = (error: Error): string => error.message.split('\n', 1)[0]!;

/** A name as ClickHouse's text. */
export const quoted = (name: string): string =>
  `'${name.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
