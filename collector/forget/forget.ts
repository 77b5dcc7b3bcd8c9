// Deletes what is stored of a session, of an agent or of a time: rows, snapshots, queue and dead letters.
import type { Logger } from 'pino';
import { AUTHOR } from '../grouping/changes.ts';
import type { ClickHouse } from '../serving/clickhouse.ts';
import { type EveryServer, StoredRows } from './stored-rows.ts';
import { conditionFor, HASH, listOf, type Marks, type StoredTable } from './tables.ts';
import { type ForgetTarget, meansRow } from './target.ts';

/** What went. Rows are counted as they were stored, those that later ones replace included. */
export interface Forgotten {
  by: 'session' | 'agent' | 'before';
  /** Of `group_events` also those that stay without their texts. */
  rows: Record<string, number>;
  dead_letters: number;
  /** Files of deleted rows that ClickHouse has not removed yet; it does so by itself. */
  files_left: number;
}

export interface ForgetOptions {
  client: ClickHouse;
  /** Opens the cluster that the tables are spread over. @default tables of one server */
  openCluster?: (() => Promise<EveryServer>) | undefined;
  /** Resolves when all that was accepted before is in ClickHouse and linked. */
  settled: () => Promise<void>;
  /** Does the work while nothing is written that quotes failures. */
  withoutMapping<T>(work: () => Promise<T>): Promise<T>;
  queue: {
    endSegment(): void;
    deadLetters: { forget(isMeant: (row: Record<string, unknown>) => boolean): number };
  };
  logger: Logger;
}

const SNAPSHOTS = 'graph_snapshots';
const TEMPLATES = 'failure_templates';
const GROUP_EVENTS = 'group_events';

/**
 * Forgets. When it is broken off, what is left goes with the next call.
 * @throws {Error} when ClickHouse is away or refuses
 */
export async function forget(target: ForgetTarget, options: ForgetOptions): Promise<Forgotten> {
  const { client, openCluster, queue, logger } = options;
  const cluster = await openCluster?.();
  try {
    const stored = new StoredRows(client, cluster);
    const forgotten = await options.withoutMapping(async () => {
      // What waits goes to ClickHouse, where it is found, and its bytes leave the queue's files.
      queue.endSegment();
      await options.settled();
      const marks = await marksOf(stored, target);
      const rows = await forgetRows(stored, marks);
      const dead_letters = queue.deadLetters.forget(meansRow(target));
      return { by: marks.kind, rows, dead_letters, files_left: await stored.removeFiles() };
    });
    logger.info(forgotten, 'forgotten on request');
    return forgotten;
  } finally {
    await cluster?.close();
  }
}

async function forgetRows(stored: StoredRows, marks: Marks): Promise<Record<string, number>> {
  const tables = await stored.tables();
  const conditions = tables.flatMap((table) => {
    const condition = conditionFor(table, marks);
    return condition === undefined ? [] : [{ table, condition }];
  });
  const touched = await whatTheyUse(stored, conditions, tables, marks);
  const quoting = await thatQuote(stored, tables, touched.fingerprints);
  const rows: Record<string, number> = {};
  const count = ({ name }: StoredTable, changed: number): void => {
    if (changed > 0) rows[name] = (rows[name] ?? 0) + changed;
  };
  const remove = async (table: StoredTable, condition: string): Promise<void> =>
    count(table, await stored.delete(table, condition));
  for (const { table, condition } of conditions) await remove(table, condition);
  for (const { table, condition } of quoting) {
    count(table, await stored.update(table, "value = '', reason = ''", condition));
  }
  await removeUnused(stored, tables, touched.refs, remove);
  await rebuildTemplates(stored, tables, touched.fingerprints, remove);
  return rows;
}

async function marksOf(stored: StoredRows, target: ForgetTarget): Promise<Marks> {
  const none = { runs: [], traces: [], groups: [] };
  if ('before' in target) {
    const value = target.before.replace('T', ' ').replace('Z', '');
    return { kind: 'before', value, ...none };
  }
  const kind = 'session' in target ? 'session' : 'agent';
  const id = 'session' in target ? target.session : target.agent;
  const [hashed] = await stored.hashes(`SELECT ${HASH('{id:String}')} AS hash`, { id });
  if (kind === 'agent') return { kind, value: hashed!, ...none };
  const named = (await stored.tables()).filter(({ columns }) =>
    ['session_id', 'agent_id', 'run_id', 'trace_id'].every((column) => columns.has(column)),
  );
  const hashes = async (what: string, where: string, among = named) =>
    stored.hashes(
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
    value: hashed!,
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
  stored: StoredRows,
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
      ? await stored.hashes(used.join(' UNION DISTINCT '))
      : [],
    fingerprints: failures
      ? await stored.hashes(
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
  stored: StoredRows,
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
  const used = new Set(await stored.hashes(uses.join(' UNION DISTINCT ')));
  const unused = refs.filter((ref) => !used.has(ref));
  if (unused.length > 0) await remove(snapshots, `ref IN ${listOf(unused)}`);
}

/** Words and frames of a group may be those of a failure that went: they are taken from those that are left. */
async function rebuildTemplates(
  stored: StoredRows,
  tables: readonly StoredTable[],
  fingerprints: readonly string[],
  remove: Remove,
): Promise<void> {
  const templates = tables.find(({ name }) => name === TEMPLATES);
  if (!templates || fingerprints.length === 0) return;
  const [filler] = await stored.select<{ text: string }>(
    `SELECT as_select AS text FROM system.tables
     WHERE database = currentDatabase() AND name LIKE '${TEMPLATES}_filler%' LIMIT 1`,
  );
  await remove(templates, `fingerprint IN ${listOf(fingerprints)}`);
  if (!filler) return;
  // On a cluster it selects from its shard alone: here from all.
  const everywhere = tables.reduce(
    (text, { name, local }) =>
      local
        ? text.replaceAll(`${local.database}.${local.table}`, `${local.database}.${name}`)
        : text,
    filler.text,
  );
  await stored.insert(
    `INSERT INTO ${TEMPLATES} SELECT * FROM (${everywhere}) WHERE fingerprint IN ${listOf(fingerprints)}`,
  );
}

/**
 * What the mapping wrote about groups quotes the first failure of each, and who accepted it has its reason. The
 * events stay, since other failures are grouped by them: their texts go.
 */
async function thatQuote(
  stored: StoredRows,
  tables: readonly StoredTable[],
  fingerprints: readonly string[],
): Promise<{ table: StoredTable; condition: string }[]> {
  const table = tables.find(({ name }) => name === GROUP_EVENTS);
  if (!table || fingerprints.length === 0) return [];
  const either = ['fingerprint', 'other_fingerprint']
    .map((column) => `${column} IN ${listOf(fingerprints)}`)
    .join(' OR ');
  const written = `author = '${AUTHOR}' AND (${either})`;
  const reason = HASH('agent_id', 'reason');
  const reasons = await stored.hashes(
    `SELECT DISTINCT ${reason} AS hash FROM ${GROUP_EVENTS} WHERE ${written} AND reason != ''`,
  );
  const condition =
    `kind IN ('merge', 'propose') AND (value != '' OR reason != '') ` +
    `AND (${written} OR ${reason} IN ${listOf(reasons)})`;
  return [{ table, condition }];
}
