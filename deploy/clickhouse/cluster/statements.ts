// From the schema of one server to the statements that a cluster needs: pure functions.

import { quoted } from './members.ts';
import { columnDefinition, type Relation } from './schema.ts';
import { shardingKey } from './sharding.ts';

/** How the tables of one server become those of a cluster. */
export interface Target {
  /** Database in which the schema was read. */
  from: string;
  database: string;
  cluster: string;
  hasKeeper: boolean;
  /** How many the cluster has. */
  shards: number;
}

export const localName = (table: string): string => `${table}_local`;

/** A table's rows on one shard. */
export function createLocal(relation: Relation, target: Target): string {
  const { from, database, hasKeeper } = target;
  const { name, statement, engineClause } = relation;
  const head = `CREATE TABLE ${from}.${name} `;
  const at = statement.lastIndexOf(`ENGINE = ${engineClause}`);
  if (!statement.startsWith(head) || at < 0) {
    throw new Error(
      `the statement of ${from}.${name} is not understood: ${statement.slice(0, 200)}`,
    );
  }
  const columns = statement.slice(head.length, at);
  const engine = hasKeeper
    ? replicatedEngine(engineClause, database, localName(name))
    : engineClause;
  return `CREATE TABLE IF NOT EXISTS ${database}.${localName(name)} {ON CLUSTER} ${columns}ENGINE = ${engine}`;
}

/** @param clause such as `ReplacingMergeTree(revision) ORDER BY …` */
function replicatedEngine(clause: string, database: string, table: string): string {
  const [, kind, args = ''] = /^(\w*MergeTree)(?:\(([^)]*)\))?/.exec(clause) ?? [];
  if (kind === undefined) throw new Error(`the engine of ${table} cannot be replicated: ${clause}`);
  const rest = clause.slice(args === '' ? kind.length : kind.length + args.length + 2);
  const path = `'/clickhouse/tables/{shard}/${database}/${table}'`;
  const all = [path, "'{replica}'", ...(args === '' ? [] : [args])].join(', ');
  return `Replicated${kind}(${all})${rest}`;
}

/** The rows of all shards under the name that every statement uses. */
export function createDistributed(relation: Relation, target: Target): string {
  const { database } = target;
  const { name } = relation;
  return (
    `CREATE OR REPLACE TABLE ${database}.${name} {ON CLUSTER} ` +
    `AS ${database}.${localName(name)} ENGINE = ${distributedEngine(relation, target)}`
  );
}

/** As ClickHouse writes it. */
export function distributedEngine({ name, sortingKey }: Relation, target: Target): string {
  const { database, cluster } = target;
  const key = shardingKey(name, sortingKey);
  return `Distributed(${[quoted(cluster), quoted(database), quoted(localName(name)), key].join(', ')})`;
}

/** A table with a row for each shard that answers: whose rows are missing while one is away. */
export const ANSWERING_SHARDS = 'answering_shards';

export const answeringEngine = ({ cluster }: Target): string =>
  `Distributed(${[quoted(cluster), quoted('system'), quoted('one')].join(', ')})`;

/** Over how many shards the rows are spread: where each belongs depends on it. */
export const answeringComment = ({ shards }: Target): string => `shards: ${shards}`;

export const createAnsweringShards = (target: Target): string =>
  `CREATE OR REPLACE TABLE ${target.database}.${ANSWERING_SHARDS} {ON CLUSTER} ` +
  `AS system.one ENGINE = ${answeringEngine(target)} COMMENT ${quoted(answeringComment(target))}`;

/** What brings a shard's table to the columns and indices of the schema; '' when it has them. */
export function alterLocal(relation: Relation, present: Relation, target: Target): string {
  const columns = new Map(present.columns.map((column) => [column.name, columnDefinition(column)]));
  const indices = new Set(present.indices.map(({ name }) => name));
  const changes = [
    ...relation.columns.flatMap((column) => {
      const wanted = columnDefinition(column);
      const before = columns.get(column.name);
      if (before === undefined) return [`ADD COLUMN IF NOT EXISTS ${wanted}`];
      return before === wanted ? [] : [`MODIFY COLUMN ${wanted}`];
    }),
    ...relation.indices
      .filter(({ name }) => !indices.has(name))
      .map(({ name, definition }) => `ADD INDEX IF NOT EXISTS ${name} ${definition}`),
  ];
  if (changes.length === 0) return '';
  return `ALTER TABLE ${target.database}.${present.name} {ON CLUSTER} ${changes.join(', ')}`;
}

/** A view, over the tables of all shards. */
export function createView({ statement }: Relation, { from, database }: Target): string {
  return inDatabase(statement, from, database).replace(
    /^CREATE VIEW (\S+) /,
    'CREATE OR REPLACE VIEW $1 {ON CLUSTER} ',
  );
}

/** A view that fills a table: from the rows of its shard to whichever shard they belong to. */
export function createFiller(relation: Relation, target: Target): string {
  const { database } = target;
  const [, head = '', select = ''] =
    /^(CREATE MATERIALIZED VIEW .*?\)) AS (SELECT .*)$/s.exec(relation.statement) ?? [];
  const created = inDatabase(head, target.from, database).replace(
    /^CREATE MATERIALIZED VIEW (\S+) /,
    'CREATE MATERIALIZED VIEW IF NOT EXISTS $1 {ON CLUSTER} ',
  );
  return `${created} AS ${fillerSelect(select, target)}`;
}

/** Changes what a view that fills a table selects, without a moment in which it does not fill it. */
export function alterFiller(relation: Relation, target: Target): string {
  const select = / AS (SELECT .*)$/s.exec(relation.statement)?.[1] ?? '';
  return `ALTER TABLE ${target.database}.${relation.name} {ON CLUSTER} MODIFY QUERY ${fillerSelect(select, target)}`;
}

const fillerSelect = (select: string, { from, database }: Target): string =>
  select.replaceAll(new RegExp(`\\b${from}\\.(\\w+)`, 'g'), `${database}.$1_local`);

const inDatabase = (text: string, from: string, database: string): string =>
  text.replaceAll(new RegExp(`\\b${from}\\.`, 'g'), `${database}.`);
