// Asks ClickHouse the questions of sql/, one file each, and checks what comes back.
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { ClickHouseError, type ClickHouseSettings } from '@clickhouse/client';
import { z } from 'zod';
import {
  type Addresses,
  type ClickHouse,
  connectClickHouse,
} from '../../collector/serving/clickhouse.ts';
import { STATEMENTS, type StatementName } from '../sql/statements.ts';
import { forOthersToo, goneSignal } from './asker.ts';
import { InvalidInputError, UnavailableError } from './errors.ts';
import { isShardAway, MissingShards } from './missing-shards.ts';
import type { PartialAnswer } from './partial.ts';
import { checkStatement, type KnownFunctions } from './sql-check/check.ts';

/** Where the failure tables are and as whom to read them. A read-only user is enough. */
export interface ClickHouseOptions {
  /** Several are tried in turn. */
  url: Addresses;
  /** @default 'default' */
  username?: string;
  /** @default '' */
  password?: string;
  /** @default 'faultline' */
  database?: string;
  /** Sent with every statement; a user with `readonly=1` must have them in its profile already. @default none */
  clickhouse_settings?: ClickHouseSettings;
  /** Whether statements go to all addresses in rotation, which then have to answer alike: shards of a cluster. @default false */
  inRotation?: boolean;
  /** Whether questions are answered without the shards of a cluster that are away, and say so. @default false: they fail */
  partialAnswers?: boolean;
}

/** The answer to a statement of somebody: rows are objects by the names of the columns. */
export interface SqlResult {
  columns: { name: string; type: string }[];
  rows: Record<string, unknown>[];
  /** Whether there were more rows. */
  truncated: boolean;
}

const folder = new URL('../sql/', import.meta.url);
const statements = new Map<StatementName, string>();

function statement(name: StatementName): string {
  let text = statements.get(name);
  if (text === undefined) {
    text = readFileSync(new URL(`${STATEMENTS[name]}/${name}.sql`, folder), 'utf8');
    statements.set(name, text);
  }
  return text;
}

const instantColumns = new Set([
  'timestamp',
  'received_at',
  'first_seen',
  'last_seen',
  'last_started',
  'started_at',
  'ended_at',
  'since',
  'updated_at',
]);

/** ClickHouse writes `2026-11-22 10:15:00.123456789`; everybody else reads ISO 8601. */
function withIsoInstants(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column,
      instantColumns.has(column) && value !== null ? `${String(value).replace(' ', 'T')}Z` : value,
    ]),
  );
}

const TOO_MANY_QUERIES = '202';
/** How long an answer may take, in milliseconds: longer than a statement may run, so that its limit is what is reported. */
const ANSWER_MS = 35_000;
/** How long a statement waits until fewer of its user run, and between two tries, in milliseconds. */
const SLOT_MS = 2_000;
const TRY_MS = 25;

async function whenFree<T>(run: () => Promise<T>): Promise<T> {
  for (const end = performance.now() + SLOT_MS; ; await wait(TRY_MS)) {
    try {
      return await run();
    } catch (error) {
      const isFull = error instanceof ClickHouseError && error.code === TOO_MANY_QUERIES;
      if (!isFull || performance.now() > end) throw error;
    }
  }
}

/** Closes the request when the asker leaves, at which ClickHouse ends the statement of a reading user. */
function untilGone(): { abort_signal?: AbortSignal } {
  const gone = goneSignal();
  return gone ? { abort_signal: gone } : {};
}

/** How long the names of a server's functions are cached, in milliseconds. */
const FUNCTIONS_MS = 60_000;

export class Store {
  readonly #client: ClickHouse;
  readonly #missing: MissingShards | undefined;
  #knownFunctions: Promise<KnownFunctions> | undefined;
  #knownSince = 0;

  constructor(options: ClickHouseOptions) {
    const { username, password, database = 'faultline', partialAnswers, ...more } = options;
    if (partialAnswers) this.#missing = new MissingShards((settings) => this.#away(settings));
    this.#client = connectClickHouse({
      ...more,
      database,
      application: 'faultline-query',
      request_timeout: ANSWER_MS,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    });
  }

  /**
   * Runs the statement of that name of `sql/`. No setting is sent along but those of the store: a user with `readonly=1`
   * may not change any.
   *
   * @param schema what every row must be
   * @throws {UnavailableError} when ClickHouse cannot be reached
   */
  async rows<T extends z.ZodType>(
    name: StatementName,
    params: Record<string, unknown>,
    schema: T,
  ): Promise<z.output<T>[]> {
    const rows = await this.#ask(() =>
      this.#read(async (settings) => {
        const result = await this.#client.query({
          query: statement(name),
          query_params: params,
          format: 'JSONEachRow',
          clickhouse_settings: settings,
          ...untilGone(),
        });
        return result.json<Record<string, unknown>>();
      }),
    );
    return z.array(schema).parse(rows.map(withIsoInstants));
  }

  /**
   * Checks a statement that somebody else wrote ({@link checkStatement}).
   *
   * @returns it as ClickHouse's parser writes it: what was checked, and is to be run
   * @throws {InvalidInputError} that names what is refused
   */
  async checked(sql: string, params: Record<string, unknown>): Promise<string> {
    const [canonical, known] = await this.#ask(() =>
      Promise.all([this.#canonical(sql), this.#functions()]),
    );
    checkStatement(canonical, params, known);
    return canonical;
  }

  /**
   * Runs a statement that {@link checked} returned, as the store's user, who should only be able to read.
   *
   * @param maxRows the most rows to answer; more are cut and `truncated` says so
   * @throws {InvalidInputError} with ClickHouse's own words when it refuses the statement
   * @throws {UnavailableError} when too many statements of that user run
   */
  async sql(sql: string, params: Record<string, unknown>, maxRows: number): Promise<SqlResult> {
    try {
      return await this.#ask(() =>
        whenFree(() => this.#read((settings) => this.#readRows(sql, params, maxRows, settings))),
      );
    } catch (error) {
      if (!(error instanceof ClickHouseError)) throw error;
      if (error.code === TOO_MANY_QUERIES) {
        throw new UnavailableError('too many statements run at once; try again in a moment', {
          cause: error,
        });
      }
      throw new InvalidInputError('sql', `${error.message} (ClickHouse code ${error.code})`);
    }
  }

  /** The statement as ClickHouse's parser writes it. */
  async #canonical(sql: string): Promise<string> {
    const query = 'SELECT formatQuerySingleLine({sql:String}) AS text';
    try {
      const result = await this.#client.query({
        query,
        query_params: { sql },
        format: 'JSONEachRow',
        ...untilGone(),
      });
      const [row] = await result.json<{ text: string }>();
      return row!.text;
    } catch (error) {
      if (!(error instanceof ClickHouseError)) throw error;
      const message = error.message.replace(
        /:? In scope SELECT formatQuerySingleLine\([\s\S]*$/,
        '',
      );
      throw new InvalidInputError('sql', `${message} (ClickHouse code ${error.code})`);
    }
  }

  /** The server's functions; those that are added later are refused when they are not on the list. */
  #functions(): Promise<KnownFunctions> {
    const now = performance.now();
    if (now - this.#knownSince > FUNCTIONS_MS) this.#knownFunctions = undefined;
    if (!this.#knownFunctions) this.#knownSince = now;
    this.#knownFunctions ??= forOthersToo(() => this.#readFunctions()).catch((error: unknown) => {
      this.#knownFunctions = undefined;
      throw error;
    });
    return this.#knownFunctions;
  }

  async #readFunctions(): Promise<KnownFunctions> {
    const query =
      "SELECT lower(name) AS name, toString(origin) != 'System' AS is_added FROM system.functions";
    const result = await this.#client.query({ query, format: 'JSONEachRow' });
    const rows = await result.json<{ name: string; is_added: number }>();
    const added = rows.filter(({ is_added }) => Number(is_added) === 1);
    const names = (of: typeof rows) => new Set(of.map(({ name }) => name));
    return { all: names(rows), added: names(added) };
  }

  async #readRows(
    sql: string,
    params: Record<string, unknown>,
    maxRows: number,
    settings: ClickHouseSettings,
  ): Promise<SqlResult> {
    const stream = await this.#client.query({
      query: sql,
      query_params: params,
      clickhouse_settings: settings,
      ...untilGone(),
      format: 'JSONCompactEachRowWithNamesAndTypes',
    });
    let names: string[] | undefined;
    let types: string[] | undefined;
    const rows: Record<string, unknown>[] = [];
    let truncated = false;
    read: for await (const chunk of stream.stream<unknown[]>()) {
      for (const line of chunk) {
        const cells = line.json<unknown[]>();
        if (!names) names = cells as string[];
        else if (!types) types = cells as string[];
        else if (rows.length < maxRows) {
          rows.push(Object.fromEntries(names.map((name, column) => [name, cells[column]])));
        } else {
          truncated = true;
          break read;
        }
      }
    }
    const columns = (names ?? []).map((name, column) => ({ name, type: types?.[column] ?? '' }));
    return { columns, rows, truncated };
  }

  /** Runs a statement over the shards that are there, if that is allowed, and otherwise over all. */
  #read<T>(run: (settings: ClickHouseSettings) => Promise<T>): Promise<T> {
    return this.#missing ? this.#missing.read(run) : run({});
  }

  /** The shards that do not answer; undefined = all do. */
  async #away(settings: ClickHouseSettings): Promise<PartialAnswer | undefined> {
    const query = 'SELECT _shard_num AS shard, shardCount() AS shards FROM answering_shards';
    const result = await this.#client.query({
      query,
      format: 'JSONEachRow',
      clickhouse_settings: settings,
    });
    const rows = await result.json<{ shard: number; shards: string }>();
    const shards = Number(rows[0]?.shards ?? 0);
    const there = new Set(rows.map(({ shard }) => shard));
    const all = Array.from({ length: shards }, (_, index) => index + 1);
    const missing_shards = all.filter((shard) => !there.has(shard));
    return missing_shards.length > 0 ? { missing_shards, shards } : undefined;
  }

  async ping(): Promise<boolean> {
    return (await this.#client.ping()).success;
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (error) {
      if (error instanceof InvalidInputError) throw error;
      if (error instanceof ClickHouseError) {
        if (!isShardAway(error)) throw error;
        throw new UnavailableError(
          'a shard of the cluster does not answer, and without its rows the answer would be wrong',
          { cause: error },
        );
      }
      throw new UnavailableError(`ClickHouse does not answer: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}
