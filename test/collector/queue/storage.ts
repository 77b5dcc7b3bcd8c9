// An engine for a test file, with a database of its own for each test.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { type RunningEngine, startEngine } from '../../../deploy/engine/index.ts';

const MIGRATIONS = new URL('../../../deploy/clickhouse/migrations/', import.meta.url);

/** A collector as most tests start it, at any port. */
export const COLLECTOR = {
  host: '127.0.0.1',
  otlpHttpPort: 0,
  keep: 'agents',
  maxBodyMib: 64,
} as const;

export interface Storage {
  dataDir: string;
  engine: RunningEngine;
  /** Ends the engine with SIGKILL. */
  kill(): Promise<void>;
  /** Starts the engine again at the same address, on the same data. */
  restart(): Promise<void>;
  /** How to reach a new database with all tables. */
  database(): Promise<Database>;
  end(): Promise<void>;
}

export interface Database {
  connection: { url: string; username: string; password: string; database: string };
  client: ClickHouseClient;
  command(query: string): Promise<unknown>;
  select<T = Record<string, unknown>>(query: string): Promise<T[]>;
}

export async function startStorage(): Promise<Storage> {
  const dataDir = await mkdtemp(join(tmpdir(), 'faultline-queue-'));
  const clients: ClickHouseClient[] = [];
  let engine = await startEngine({ dataDir, port: 0 });
  let databases = 0;
  const connect = (database: string): Database => {
    const connection = { url: engine.url, ...engine.writer, database };
    const client = createClient({ ...connection, log: { level: ClickHouseLogLevel.OFF } });
    clients.push(client);
    return {
      connection,
      client,
      command: (query) => client.command({ query }),
      select: async <T>(query: string) =>
        (await client.query({ query, format: 'JSONEachRow' })).json<T>(),
    };
  };
  return {
    dataDir,
    get engine() {
      return engine;
    },
    kill: async () => {
      process.kill(engine.pid, 'SIGKILL');
      await engine.exited;
    },
    restart: async () => {
      engine = await startEngine({ dataDir, port: engine.port });
    },
    database: async () => {
      const name = `queue_${++databases}`;
      await connect('default').command(`CREATE DATABASE ${name}`);
      const database = connect(name);
      for (const file of (await readdir(MIGRATIONS)).sort()) {
        await database.command(await readFile(new URL(file, MIGRATIONS), 'utf8'));
      }
      return database;
    },
    end: async () => {
      await Promise.all(clients.map((client) => client.close()));
      await engine.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
