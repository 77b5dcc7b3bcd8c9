// Asks ClickHouse the questions of sql/, one file each, and checks what comes back.
import { readFileSync } from 'node:fs';
import {
  type ClickHouseClient,
  ClickHouseError,
  ClickHouseLogLevel,
  createClient,
} from '@clickhouse/client';
import { z } from 'zod';
import { STATEMENTS, type StatementName } from '../sql/statements.ts';
import { InvalidInputError, UnavailableError } from './errors.ts';

/** Where the failure tables are and as whom to read them. A read-only user is enough. */
export interface ClickHouseOptions {
  url: string;
  /** @default 'default' */
  username?: string;
  /** @default '' */
  password?: string;
  /** @default 'faultline' */
  database?: string;
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

export class Store {
  readonly #client: ClickHouseClient;

  constructor({ url, username, password, database = 'faultline' }: ClickHouseOptions) {
    this.#client = createClient({
      url,
      database,
      application: 'faultline-query',
      // What goes wrong is told to the one who asked.
      log: { level: ClickHouseLogLevel.OFF },
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    });
  }

  /**
   * Runs the statement of that name of `sql/`. No setting is sent along: a user with `readonly=1` may not change any.
   *
   * @param schema what every row must be
   * @throws {UnavailableError} when ClickHouse cannot be reached
   */
  async rows<T extends z.ZodType>(
    name: StatementName,
    params: Record<string, unknown>,
    schema: T,
  ): Promise<z.output<T>[]> {
    const result = await this.#ask(() =>
      this.#client.query({
        query: statement(name),
        query_params: params,
        format: 'JSONEachRow',
      }),
    );
    const rows = await this.#ask(() => result.json<Record<string, unknown>>());
    return z.array(schema).parse(rows.map(withIsoInstants));
  }

  /**
   * Runs a statement that somebody wrote. What it may do is up to the user that the store connects
   * as, which has to be a read-only one.
   *
   * @param maxRows the most rows to answer; more are cut and `truncated` says so
   * @throws {InvalidInputError} with ClickHouse's own words when it refuses the statement
   */
  async sql(sql: string, params: Record<string, unknown>, maxRows: number): Promise<SqlResult> {
    try {
      return await this.#ask(() => this.#readRows(sql, params, maxRows));
    } catch (error) {
      if (!(error instanceof ClickHouseError)) throw error;
      throw new InvalidInputError('sql', `${error.message} (ClickHouse code ${error.code})`);
    }
  }

  async #readRows(
    sql: string,
    params: Record<string, unknown>,
    maxRows: number,
  ): Promise<SqlResult> {
    const stream = await this.#client.query({
      query: sql,
      query_params: params,
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
      if (error instanceof ClickHouseError) throw error;
      throw new UnavailableError(`ClickHouse does not answer: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}
