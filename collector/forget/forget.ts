// Deletes what is stored of a session, of an agent or of a time: rows, snapshots, queue and dead letters.
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { ClickHouse } from '../serving/clickhouse.ts';
import { conditionFor, HASH, listOf, type Marks, type StoredTable } from './tables.ts';
import { type ForgetTarget, meansRow } from './target.ts';

/** What went. Rows are counted as they were stored, those that later ones replace included. */
export interface Forgotten {
  by: 'session' | 'agent' | 'before';
  rows: Record<string, number>;
  dead_letters: number;
  /** Files of deleted rows that ClickHouse has not removed yet; it does so by itself. */
  files_left: number;
}

export interface ForgetOptions {
  client: ClickHouse;
  /** Resolves when all that was accepted before is in ClickHouse and linked. */
  settled: () => Promise<void>;
  queue: {
    endSegment(): void;
    deadLetters: { forget(isMeant: (row: Record<string, unknown>) => boolean): number };
  };
  logger: Logger;
}

/** Statements name many hashes. */
const LARGE = { max_query_size: '134217728', max_ast_elements: '10000000' };
const LOOK_MS = 100;
/** How long ClickHouse may take to remove files of rows that are deleted already, in milliseconds. */
const FILES_MS = 60_000;
/** Shorter than a second cannot be set. */
const LIFETIME_MS = 1_000;
const SNAPSHOTS = 'graph_snapshots';
const TEMPLATES = 'failure_templates';

/**
 * Forgets. When it is broken off, what is left goes with the next call.
 * @throws {Error} when ClickHouse is away or refuses
 */
export async function forget(target: ForgetTarget, options: ForgetOptions): Promise<Forgotten> {
  const { client, queue, logger } = options;
  // What waits goes to ClickHouse, where it is found, and its bytes leave the queue's files.
  queue.endSegment();
  await options.settled();
  const tables = await storedTables(client);
  const marks = await marksOf(client, target, tables);
  const conditions = tables.flatMap((table) => {
    const condition = conditionFor(table, marks);
    return condition === undefined ? [] : [{ table, condition }];
  });
  const touched = await whatTheyUse(client, conditions, tables, marks);
  const rows: Record<string, number> = {};
  const changed: StoredTable[] = [];
  const remove = async (table: StoredTable, condition: string): Promise<void> => {
    const count = await countOf(client, table.name, condition);
    if (count === 0) return;
    if (!changed.includes(table)) changed.push(table);
    await deleteRows(client, table, condition);
    rows[table.name] = count;
  };
  for (const { table, condition } of conditions) await remove(table, condition);
  await removeUnused(client, tables, touched.refs, remove);
  await makeTemplatesAnew(client, tables, touched.fingerprints, remove);
  const dead_letters = queue.deadLetters.forget(meansRow(target));
  const files_left = await removeFiles(client, changed);
  const forgotten = { by: marks.kind, rows, dead_letters, files_left };
  logger.info(forgotten, 'forgotten on request');
  return forgotten;
}

async function storedTables(client: ClickHouse): Promise<StoredTable[]> {
  const found = await select<{ name: string; columns: string[]; engine: string }>(
    client,
    `SELECT t.name AS name, groupArray(c.name) AS columns, any(t.engine_full) AS engine
     FROM system.tables AS t INNER JOIN system.columns AS c ON c.database = t.database AND c.table = t.name
     WHERE t.database = currentDatabase() AND (t.engine LIKE '%MergeTree' OR t.engine = 'Distributed')
     GROUP BY name ORDER BY name`,
  );
  const tables = found.map(({ name, columns, engine }) => {
    const [, cluster, table] = /^Distributed\('([^']+)', '[^']*', '([^']+)'/.exec(engine) ?? [];
    const local = cluster && table ? { cluster, table } : undefined;
    return { name, columns: new Set(columns), local };
  });
  const behind = new Set(tables.map(({ local }) => local?.table));
  return tables.filter(({ name }) => !behind.has(name));
}

async function marksOf(
  client: ClickHouse,
  target: ForgetTarget,
  tables: readonly StoredTable[],
): Promise<Marks> {
  const none = { runs: [], traces: [], groups: [] };
  if ('before' in target) {
    const value = target.before.replace('T', ' ').replace('Z', '');
    return { kind: 'before', value, ...none };
  }
  const kind = 'session' in target ? 'session' : 'agent';
  const id = 'session' in target ? target.session : target.agent;
  const [hashed] = await select<{ hash: string }>(client, `SELECT ${HASH('{id:String}')} AS hash`, {
    id,
  });
  if (kind === 'agent') return { kind, value: hashed!.hash, ...none };
  const named = tables.filter(({ columns }) =>
    ['session_id', 'agent_id', 'run_id', 'trace_id'].every((column) => columns.has(column)),
  );
  const hashes = async (what: string, where: string, among = named) =>
    column(
      client,
      among
        .map(
          ({ name }) =>
            `SELECT ${what} AS hash FROM ${name} WHERE session_id = {id:String} AND ${where}`,
        )
        .join(' UNION DISTINCT '),
      { id },
    );
  return {
    kind,
    value: hashed!.hash,
    runs: await hashes(HASH('agent_id', 'run_id'), "run_id != ''"),
    traces: await hashes(HASH('trace_id'), "trace_id != ''"),
    groups: await hashes(
      HASH('agent_id', 'fingerprint'),
      'true',
      named.filter(({ columns }) => columns.has('fingerprint')),
    ),
  };
}

interface Touched {
  /** Snapshots that may not be used any more, and fingerprints of which failures go. */
  refs: string[];
  fingerprints: string[];
}

async function whatTheyUse(
  client: ClickHouse,
  conditions: readonly { table: StoredTable; condition: string }[],
  tables: readonly StoredTable[],
  marks: Marks,
): Promise<Touched> {
  const used = conditions.flatMap(({ table, condition }) =>
    refColumns(table).map((ref) => `SELECT ${ref} AS hash FROM ${table.name} WHERE ${condition}`),
  );
  if (marks.kind === 'agent') {
    used.push(`SELECT ref AS hash FROM ${SNAPSHOTS} WHERE ${HASH('agent_id')} = '${marks.value}'`);
  }
  if (marks.kind === 'before') {
    used.push(
      `SELECT ref AS hash FROM ${SNAPSHOTS} GROUP BY ref HAVING max(last_seen) < toDateTime64('${marks.value}', 9, 'UTC')`,
    );
  }
  const failures = conditions.find(({ table }) => table.name === 'failures');
  return {
    refs: tables.some(({ name }) => name === SNAPSHOTS)
      ? await column(client, used.join(' UNION DISTINCT '))
      : [],
    fingerprints: failures
      ? await column(
          client,
          `SELECT DISTINCT fingerprint AS hash FROM failures WHERE ${failures.condition}`,
        )
      : [],
  };
}

const refColumns = ({ name, columns }: StoredTable): string[] =>
  name === SNAPSHOTS ? [] : ['graph_snapshot_ref', 'from_ref'].filter((ref) => columns.has(ref));

type Remove = (table: StoredTable, condition: string) => Promise<void>;

/** Snapshots that nothing refers to any more. */
async function removeUnused(
  client: ClickHouse,
  tables: readonly StoredTable[],
  refs: readonly string[],
  remove: Remove,
): Promise<void> {
  const snapshots = tables.find(({ name }) => name === SNAPSHOTS);
  if (!snapshots || refs.length === 0) return;
  const uses = tables.flatMap((table) =>
    refColumns(table).map(
      (ref) => `SELECT ${ref} AS hash FROM ${table.name} WHERE ${ref} IN ${listOf(refs)}`,
    ),
  );
  const used = new Set(await column(client, uses.join(' UNION DISTINCT ')));
  const unused = refs.filter((ref) => !used.has(ref));
  if (unused.length > 0) await remove(snapshots, `ref IN ${listOf(unused)}`);
}

/** Words and frames of a group may be those of a failure that went: they are taken from those that are left. */
async function makeTemplatesAnew(
  client: ClickHouse,
  tables: readonly StoredTable[],
  fingerprints: readonly string[],
  remove: Remove,
): Promise<void> {
  const templates = tables.find(({ name }) => name === TEMPLATES);
  if (!templates || fingerprints.length === 0) return;
  const [filler] = await select<{ text: string }>(
    client,
    `SELECT as_select AS text FROM system.tables
     WHERE database = currentDatabase() AND name LIKE '${TEMPLATES}_filler%' LIMIT 1`,
  );
  await remove(templates, `fingerprint IN ${listOf(fingerprints)}`);
  if (!filler) return;
  await client.command({
    query: `INSERT INTO ${TEMPLATES} SELECT * FROM (${filler.text}) WHERE fingerprint IN ${listOf(fingerprints)}`,
    clickhouse_settings: LARGE,
  });
}

async function deleteRows(
  client: ClickHouse,
  table: StoredTable,
  condition: string,
): Promise<void> {
  await client.command({
    query: `ALTER TABLE ${whereStored(table)} DELETE WHERE ${condition}`,
    clickhouse_settings: { ...LARGE, mutations_sync: '0' },
  });
  for (;;) {
    const [waiting] = await select<{ count: string; reason: string }>(
      client,
      `SELECT count() AS count, any(latest_fail_reason) AS reason FROM ${everywhere(table, 'mutations')}
       WHERE database = currentDatabase() AND table = {table:String} AND NOT is_done`,
      { table: table.local?.table ?? table.name },
    );
    if (Number(waiting!.count) === 0) return;
    if (waiting!.reason !== '') throw new Error(`ClickHouse cannot delete: ${waiting!.reason}`);
    await wait(LOOK_MS);
  }
}

/** ClickHouse keeps files of replaced parts for a while; here they go at once. @returns how many are left */
async function removeFiles(client: ClickHouse, tables: readonly StoredTable[]): Promise<number> {
  const alter = async (change: string): Promise<void> => {
    for (const table of tables) {
      await client.command({ query: `ALTER TABLE ${whereStored(table)} ${change}` });
    }
  };
  await alter('MODIFY SETTING old_parts_lifetime = 1');
  try {
    for (const start = performance.now(); ; await wait(LIFETIME_MS)) {
      await Promise.all(tables.map((table) => lookAfterFiles(client, table)));
      let left = 0;
      for (const table of tables) {
        left += await countOf(
          client,
          everywhere(table, 'parts'),
          `database = currentDatabase() AND NOT active AND table = '${table.local?.table ?? table.name}'`,
        );
      }
      if (left === 0 || performance.now() - start > FILES_MS) return left;
    }
  } finally {
    await alter('RESET SETTING old_parts_lifetime');
  }
}

/** ClickHouse looks after old files now and then, and at once when a partition is dropped: one that nothing is in. */
async function lookAfterFiles(client: ClickHouse, table: StoredTable): Promise<void> {
  const query = `ALTER TABLE ${whereStored(table)} DROP PARTITION ID '00000000'`;
  await client.command({ query });
}

const whereStored = ({ name, local }: StoredTable): string =>
  local ? `${local.table} ON CLUSTER '${local.cluster}'` : name;

const everywhere = ({ local }: StoredTable, system: 'mutations' | 'parts'): string =>
  local ? `clusterAllReplicas('${local.cluster}', system.${system})` : `system.${system}`;

async function countOf(client: ClickHouse, table: string, condition: string): Promise<number> {
  const query = `SELECT count() AS count FROM ${table} WHERE ${condition}`;
  const [row] = await select<{ count: string }>(client, query);
  return Number(row!.count);
}

async function column(
  client: ClickHouse,
  query: string,
  params: Record<string, string> = {},
): Promise<string[]> {
  if (query === '') return [];
  const rows = await select<{ hash: string }>(client, query, params);
  return rows.map(({ hash }) => hash).filter((hash) => hash !== '');
}

async function select<T>(
  client: ClickHouse,
  query: string,
  params: Record<string, string> = {},
): Promise<T[]> {
  const result = await client.query({
    query,
    query_params: params,
    format: 'JSONEachRow',
    // Every version of a row counts.
    clickhouse_settings: { ...LARGE, final: 0 },
  });
  return result.json<T>();
}
