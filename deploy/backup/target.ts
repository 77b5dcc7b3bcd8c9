// What is backed up or restored: the tables of one server, or those of all shards of a cluster.
import { type ClickHouse, connectClickHouse } from '../../collector/serving/clickhouse.ts';
import { openCluster, quoted } from '../clickhouse/cluster/members.ts';
import type { ClickHouseConnection } from '../clickhouse/migrate.ts';

/** The message is one line: what is wrong and what to do. */
export class BackupError extends Error {
  override name = 'BackupError';
}

/** Why `S3(…)` is refused where no server is. */
export const EMBEDDED_ONLY =
  "the embedded engine cannot write to S3(…) itself: give a folder, or Disk('…', '…') with a disk of its " +
  'configuration, as docs/operations.md says';

/** One of the statements that together back everything up, or restore it. */
export interface Part {
  client: ClickHouse;
  /** ` ON CLUSTER …` where the keeper has every server do its part, else ''. */
  clause: string;
  /** What stands behind TO or FROM. */
  place: string;
}

export interface BackupTarget {
  /** Answers for all. */
  client: ClickHouse;
  /** By which a backup is recognized as one of this; '' for one server. */
  mark: string;
  parts: readonly Part[];
  /** Runs a statement on all servers; `{ON CLUSTER}` stands where that clause may be needed. */
  everywhere(statement: string): Promise<void>;
  /** A table's rows on all servers, as it stands behind FROM; of `system` one server of each shard has them. */
  over(database: string, table: string): string;
  close(): Promise<void>;
}

/** Stands for the number of the shard. */
const SHARD = '{shard}';

/** @throws {BackupError} when the place is none for this kind, {MigrationError} when a server of the cluster is missing */
export async function openTarget(
  connection: ClickHouseConnection,
  cluster: string | undefined,
  place: string,
): Promise<BackupTarget> {
  return cluster === undefined
    ? oneServer(connection, place)
    : allShards(connection, cluster, place);
}

function oneServer(connection: ClickHouseConnection, place: string): BackupTarget {
  const client = connectClickHouse(connection);
  return {
    client,
    mark: '',
    parts: [{ client, clause: '', place }],
    everywhere: async (statement) => {
      await client.command({ query: statement.replace('{ON CLUSTER} ', '') });
    },
    over: (database, table) => `${database}.${table}`,
    close: () => client.close(),
  };
}

async function allShards(
  connection: ClickHouseConnection,
  cluster: string,
  place: string,
): Promise<BackupTarget> {
  const access = await openCluster(connection, cluster);
  const { each, hasKeeper, members } = access;
  const shards = new Set(members.map(({ shard }) => shard)).size;
  if (place.includes(SHARD) === hasKeeper) {
    await access.close();
    throw new BackupError(
      hasKeeper
        ? `${place}: the keeper has all ${shards} shards write to one place; leave ${SHARD} out`
        : `${place} is one place, and without a keeper each of the ${shards} shards needs its own: ` +
            `put ${SHARD} in it, as in Disk('backups', 'monday/shard-${SHARD}')`,
    );
  }
  const name = quoted(cluster);
  const clause = hasKeeper ? ` ON CLUSTER ${name}` : '';
  return {
    client: each[0]!,
    mark: `${shards} shards of ${cluster}`,
    parts: each.map((client, index) => ({
      client,
      clause,
      place: place.replaceAll(SHARD, String(members[index]!.shard)),
    })),
    everywhere: access.everywhere,
    over: (database, table) =>
      `${database === 'system' ? 'cluster' : 'clusterAllReplicas'}(${name}, ${database}.${table})`,
    close: access.close,
  };
}
