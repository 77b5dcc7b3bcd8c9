/** The engine: chDB opened on a data folder, running one statement a connection. */
import { rename, writeFile } from 'node:fs/promises';
import type { Session } from 'chdb';
import { type Chdb, loadChdb } from './chdb.ts';
import { serverConfig } from './config.ts';
import { Connections } from './connections.ts';
import { ClickHouseException, ErrorCode } from './exception.ts';
import { makeReaderGuard, refuseFiles } from './guard.ts';
import { type Lane, REMEMBERED_CHARS, REMEMBERED_STATEMENTS } from './limits.ts';
import { Selects } from './selects.ts';
import { connectionArgs, type Role } from './settings.ts';
import { Slots } from './slots.ts';
import { insertFromFile, insertHead, verb } from './statement.ts';

export interface Statement {
  role: Role;
  sql: string;
  /** A file in the engine's working folder with the rows of an INSERT. */
  dataFile?: string;
  params: Readonly<Record<string, string>>;
  settings: ReadonlyMap<string, string>;
  database: string | undefined;
  /** The format that the answer has, whether the statement or the request names it. */
  format: string;
}

/** Facts about the engine that answers carry in their headers. */
export interface EngineFacts {
  version: string;
  timezone: string;
  displayName: string;
}

export interface Rows {
  /** The answer's bytes in the asked format, as the engine makes them. */
  chunks: AsyncIterable<Uint8Array>;
  /** Rows and bytes written by an INSERT from data; unknown for everything else. */
  written?: { rows: number; bytes: number; elapsedMs: number };
}

export class Engine {
  readonly facts: EngineFacts;
  #chdb: Chdb;
  /** Holds the data folder, kills queries; runs nothing of a client's. */
  #control: Session;
  /** Parses; used from this thread only. */
  #parser: Session;
  #connections: Connections;
  #selects: Selects;
  #slots = new Slots();
  #knownSettings: ReadonlySet<string>;
  #checkReader: ReturnType<typeof makeReaderGuard>;
  /** Statements that were parsed, in their canonical form. */
  #parsed = new Map<string, string>();
  /** Connections at work, by their `log_comment`. */
  #running = new Set<string>();

  /**
   * Opens the data folder.
   * @param path the engine's folder; @param configFile where to write its configuration.
   * @throws if chDB is not installed, the platform is unsupported or the folder is taken.
   */
  static async open(path: string, configFile: string): Promise<Engine> {
    const chdb = await loadChdb();
    await writeFile(`${configFile}.new`, serverConfig());
    await rename(`${configFile}.new`, configFile);
    const open = (args: readonly string[]) => new chdb.Session(path, { connectionArgs: args });
    return new Engine(chdb, path, open, configFile);
  }

  private constructor(
    chdb: Chdb,
    path: string,
    open: (args: readonly string[]) => Session,
    configFile: string,
  ) {
    this.#chdb = chdb;
    // The first connection of a process brings the server's configuration.
    this.#control = open([`--config-file=${configFile}`]);
    this.#parser = open(['--readonly=1', '--implicit_select=0']);
    this.#connections = new Connections(open);
    this.#selects = new Selects(path);
    const list = (sql: string) => this.#control.query(sql, 'TSVRaw').trimEnd().split('\n');
    this.#knownSettings = new Set(list('SELECT name FROM system.settings'));
    this.#checkReader = makeReaderGuard(list('SELECT name FROM system.table_functions'));
    const [version = '', timezone = '', displayName = ''] = list(
      'SELECT arrayJoin([version(), timezone(), displayName()])',
    );
    this.facts = { version, timezone, displayName };
  }

  /**
   * Runs a statement and gives its answer to `consume`; the slot and the connection are held
   * until `consume` has ended and the engine is done.
   *
   * @param signal aborts when the client has gone: the query is then killed.
   * @throws ClickHouseException
   */
  async run(
    statement: Statement,
    signal: AbortSignal,
    consume: (rows: Rows) => Promise<void>,
  ): Promise<void> {
    const args = connectionArgs(statement.role, statement.settings, this.#knownSettings);
    const sql =
      statement.dataFile === undefined
        ? statement.sql
        : fromFile(statement.sql, statement.dataFile);
    const kind = this.#check(statement, sql);
    const lane: Lane =
      statement.dataFile !== undefined ? 'insert' : statement.role === 'reader' ? 'read' : 'write';
    await this.#slots.enter(lane, signal);
    const begun = (comment: string) => {
      this.#running.add(comment);
      const kill = () => this.#kill(comment);
      if (signal.aborted) kill();
      signal.addEventListener('abort', kill, { once: true });
      return () => {
        this.#running.delete(comment);
        signal.removeEventListener('abort', kill);
      };
    };
    // chDB takes the lower-case name for a mode of its own.
    const format = statement.format === 'arrow' ? 'Arrow' : statement.format;
    const { database, params } = statement;
    let ended = () => {};
    try {
      if (kind === 'select') {
        const select = { args, database, sql, params, format };
        await consume({
          chunks: this.#selects.rows(select, (comment) => {
            ended = begun(comment);
          }),
        });
        return;
      }
      const connection = this.#connections.lend(args, database, params);
      ended = begun(connection.comment);
      let clean = false;
      let rows: Rows;
      try {
        rows = await buffered(connection.session, sql, format, statement.dataFile !== undefined);
        clean = kind !== 'change';
      } finally {
        this.#connections.giveBack(connection, clean);
      }
      await consume(rows);
    } catch (error) {
      throw ClickHouseException.from(error);
    } finally {
      ended();
      this.#slots.leave(lane);
    }
  }

  /** Waits for running statements, kills what is left after `drainMs`, closes the data folder. */
  async close(drainMs: number): Promise<void> {
    const late = setTimeout(() => {
      for (const comment of this.#running) this.#kill(comment);
    }, drainMs);
    await this.#slots.drained();
    clearTimeout(late);
    await this.#selects.close();
    this.#connections.closeIdle();
    this.#parser.close();
    await this.#chdb.drainPending();
    this.#control.close();
    await this.#chdb.drainPending();
  }

  /** Lets the engine's parser read the statement and refuses what must not run. */
  #check(statement: Statement, sql: string): Kind {
    if (statement.dataFile !== undefined) {
      if (statement.role === 'reader') this.#checkReader(sql, statement.params);
      return 'insert';
    }
    const canonical = this.#canonical(sql);
    if (statement.role === 'reader') this.#checkReader(canonical, statement.params);
    else refuseFiles(canonical);
    const first = verb(canonical);
    if (first === 'SELECT' || first === 'WITH' || first === '(') return 'select';
    if (first === 'INSERT') return 'insert';
    return LOOKING.has(first) ? 'look' : 'change';
  }

  /** The statement as the engine's parser writes it. The same texts come again and again. */
  #canonical(sql: string): string {
    const known = this.#parsed.get(sql);
    if (known !== undefined) return known;
    let canonical: string;
    try {
      canonical = this.#parser.queryBind(
        'SELECT formatQuerySingleLine({sql:String})',
        { sql },
        'TSVRaw',
      );
    } catch (error) {
      throw parseError(error);
    }
    if (sql.length <= REMEMBERED_CHARS) {
      if (this.#parsed.size >= REMEMBERED_STATEMENTS) this.#parsed.clear();
      this.#parsed.set(sql, canonical);
    }
    return canonical;
  }

  #kill(comment: string): void {
    this.#control
      .queryAsync(`KILL QUERY WHERE Settings['log_comment'] = '${comment}' ASYNC`)
      .catch(() => {
        // The query ended by itself in the meantime.
      });
  }
}

/** `change` may leave something behind on its connection (SET, USE, temporary tables). */
type Kind = 'select' | 'insert' | 'look' | 'change';
const LOOKING = new Set(['SHOW', 'DESCRIBE', 'EXISTS', 'EXPLAIN']);

/** Everything but SELECT: runs off this thread, its short answer whole. */
async function buffered(
  session: Session,
  sql: string,
  format: string,
  fromData: boolean,
): Promise<Rows> {
  const started = performance.now();
  const result = await session.queryAsync(sql, { format });
  const rows: Rows = { chunks: once(result.bytes()) };
  if (fromData) {
    const elapsedMs = performance.now() - started;
    rows.written = { rows: result.rowsRead, bytes: result.bytesRead, elapsedMs };
  }
  return rows;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

function fromFile(sql: string, file: string): string {
  const insert = insertHead(sql);
  if (!insert)
    throw new ClickHouseException(ErrorCode.SYNTAX_ERROR, 'Expected an INSERT that takes data.');
  return insertFromFile(insert, file);
}

/** The parser's error without the function call around it. */
function parseError(error: unknown): ClickHouseException {
  const found = ClickHouseException.from(error);
  const text = found.text.replace(
    /: In scope SELECT formatQuerySingleLine\([\s\S]*\)(?=\. \([A-Z_]+\)\n$)/,
    '',
  );
  return new ClickHouseException(found.code, text.trimEnd(), text);
}
