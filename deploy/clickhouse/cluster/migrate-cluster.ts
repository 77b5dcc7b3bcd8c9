// Brings a cluster to the tables that this version needs (docs/decisions/0056-cluster.md).
import { type ClickHouse, connectClickHouse } from '../../../collector/serving/clickhouse.ts';
import {
  type ClickHouseConnection,
  despiteOthers,
  type MigrateOptions,
  type MigrateResult,
  MigrationError,
  migrate,
  retentionOf,
} from '../migrate.ts';
import { type ClusterAccess, openCluster } from './members.ts';
import { type Relation, readSchema } from './schema.ts';
import {
  ANSWERING_SHARDS,
  alterFiller,
  alterLocal,
  answeringComment,
  answeringEngine,
  createAnsweringShards,
  createDistributed,
  createFiller,
  createLocal,
  createView,
  distributedEngine,
  localName,
  type Target,
} from './statements.ts';

export interface ClusterMigrateOptions extends MigrateOptions {
  /** Its name in `system.clusters`. */
  cluster: string;
}

/**
 * Applies the migrations to a database without rows, `<database>_schema`, and brings every server of the cluster to
 * what came out of it. Every statement may run twice, so several collectors may do this at once.
 *
 * @throws {MigrationError} when the cluster cannot have these tables, or ClickHouse refuses
 */
export async function migrateCluster(
  connection: ClickHouseConnection,
  { cluster, database, retentionDays, onProgress }: ClusterMigrateOptions,
): Promise<MigrateResult> {
  const access = await openCluster(connection, cluster);
  const from = `${database}_schema`;
  const schemaServer = connectClickHouse({ ...connection, url: [connection.url].flat() });
  try {
    const result = await migrate(connection, {
      database: from,
      retentionDays,
      ...(onProgress && { onProgress }),
    });
    const wanted = await readSchema(schemaServer, from);
    const { hasKeeper, members } = access;
    const shards = new Set(members.map(({ shard }) => shard)).size;
    const target = { from, database, cluster, hasKeeper, shards };
    for (const server of access.each) await checkShards(server, target);
    await access.everywhere(`CREATE DATABASE IF NOT EXISTS ${database} {ON CLUSTER}`);
    await despiteOthers(() => bringTo(wanted, access, target));
    await despiteOthers(() => setRetention(access, database, retentionDays));
    return result;
  } finally {
    await Promise.all([access.close(), schemaServer.close()]);
  }
}

async function bringTo(
  wanted: ReadonlyMap<string, Relation>,
  access: ClusterAccess,
  target: Target,
): Promise<void> {
  const relations = [...wanted.values()];
  const tables = relations.filter(({ engine }) => /MergeTree$/.test(engine));
  const fillers = relations.filter(({ engine }) => engine === 'MaterializedView');
  const views = relations.filter(({ engine }) => engine === 'View');
  const present = await Promise.all(
    access.each.map((server) => readSchema(server, target.database)),
  );
  for (const schema of present) checkPresent(tables, schema, target);
  const missing = (name: string): boolean => present.some((schema) => !schema.has(name));
  for (const table of tables) {
    if (missing(localName(table.name))) await access.everywhere(createLocal(table, target));
  }
  for (const table of tables) {
    for (const schema of present) {
      const local = schema.get(localName(table.name));
      const change = local && alterLocal(table, local, target);
      if (change) await access.everywhere(change);
    }
    if (present.some((schema) => !isDistributed(table, schema.get(table.name), target))) {
      await access.everywhere(createDistributed(table, target));
    }
  }
  const isAnswering = ({ engineClause, comment }: Relation): boolean =>
    engineClause === answeringEngine(target) && comment === answeringComment(target);
  const answering = present.map((schema) => schema.get(ANSWERING_SHARDS));
  if (!answering.every((table) => table && isAnswering(table))) {
    await access.everywhere(createAnsweringShards(target));
  }
  for (const view of views) {
    const statement = createView(view, target);
    const isThere = (schema: ReadonlyMap<string, Relation>): boolean =>
      sameText(schema.get(view.name)?.statement, statement);
    if (!present.every(isThere)) await access.everywhere(statement);
  }
  for (const filler of fillers) {
    const statement = createFiller(filler, target);
    if (missing(filler.name)) await access.everywhere(statement);
    const differs = present.some((schema) => {
      const before = schema.get(filler.name);
      return before !== undefined && !sameText(before.statement, statement);
    });
    if (differs) await access.everywhere(alterFiller(filler, target));
  }
}

/**
 * Over another number of shards rows belong elsewhere: what is sent again would be stored on another shard than before,
 * and count twice.
 */
async function checkShards(server: ClickHouse, target: Target): Promise<void> {
  const { database, cluster } = target;
  const result = await server.query({
    query: `SELECT anyIf(comment, name = {answering:String}) AS comment, sumIf(total_rows, endsWith(name, '_local')) AS rows
            FROM system.tables WHERE database = {database:String}`,
    query_params: { database, answering: ANSWERING_SHARDS },
    format: 'JSONEachRow',
  });
  const [row] = await result.json<{ comment: string; rows: string | null }>();
  const { comment, rows } = row!;
  if (comment === '' || comment === answeringComment(target) || Number(rows) === 0) return;
  throw new MigrationError(
    `the rows of ${database} are spread over ${comment.replace('shards: ', '')} shards, and cluster ${cluster} has ` +
      `${target.shards}: rename the database and copy it from every shard, as docs/cluster.md says`,
  );
}

/** A table of one server in the place of one of the cluster has rows, which nobody may lose. */
function checkPresent(
  tables: readonly Relation[],
  schema: ReadonlyMap<string, Relation>,
  { database, hasKeeper }: Target,
): void {
  for (const { name, engineClause } of tables) {
    const there = schema.get(name);
    if (there && there.engine !== 'Distributed') {
      throw new MigrationError(
        `${database}.${name} is a table of one server (${there.engine}): rename the database and copy it, as docs/cluster.md says`,
      );
    }
    const local = schema.get(localName(name));
    if (!local) continue;
    if (local.engine.startsWith('Replicated') !== hasKeeper) {
      throw new MigrationError(
        `${database}.${localName(name)} is ${local.engine}, and the cluster has ${hasKeeper ? 'a' : 'no'} keeper: ` +
          'rename the database and copy it, as docs/cluster.md says',
      );
    }
    const keyOf = (clause: string): string | undefined =>
      /ORDER BY (\([^)]*(?:\([^)]*\)[^)]*)*\)|\w+)/.exec(clause)?.[1];
    if (keyOf(local.engineClause) !== keyOf(engineClause)) {
      throw new MigrationError(
        `${database}.${localName(name)} is sorted by ${keyOf(local.engineClause)}, this version needs ${keyOf(engineClause)}: ` +
          'rename the database and copy it, as docs/cluster.md says',
      );
    }
  }
}

function isDistributed(wanted: Relation, there: Relation | undefined, target: Target): boolean {
  if (there?.engineClause !== distributedEngine(wanted, target)) return false;
  const names = (relation: Relation): string =>
    relation.columns
      .map(({ name, type }) => `${name} ${type}`)
      .sort()
      .join();
  return names(there) === names(wanted);
}

/** Whether a view is what a statement would make of it. */
function sameText(there: string | undefined, statement: string): boolean {
  const plain = (text: string): string =>
    text
      .replace(/^CREATE OR REPLACE VIEW/, 'CREATE VIEW')
      .replace('IF NOT EXISTS ', '')
      .replace(' {ON CLUSTER}', '')
      .replaceAll(/\s+/g, ' ');
  return there !== undefined && plain(there) === plain(statement);
}

async function setRetention(
  access: ClusterAccess,
  database: string,
  retentionDays: number,
): Promise<void> {
  for (const { table, ttl } of retentionOf(retentionDays)) {
    const name = localName(table);
    const same = await Promise.all(
      access.each.map((server) => hasTtl(server, database, name, ttl)),
    );
    if (same.every(Boolean)) continue;
    await access.everywhere(
      `ALTER TABLE ${database}.${name} {ON CLUSTER} MODIFY TTL ${ttl} SETTINGS materialize_ttl_after_modify = 0`,
    );
  }
}

async function hasTtl(
  server: ClickHouse,
  database: string,
  table: string,
  ttl: string,
): Promise<boolean> {
  const schema = await readSchema(server, database);
  return schema.get(table)?.engineClause.includes(ttl) ?? false;
}
