// A ClickHouse server of its own for the faults: the embedded engine, reached by URL as any other.
import { join } from 'node:path';
import { type RunningEngine, startEngine } from '../../deploy/engine/index.ts';

const DATABASE = 'faultline';

export class Server {
  private readonly dataDir: string;
  private engine: RunningEngine;

  private constructor(dataDir: string, engine: RunningEngine) {
    this.dataDir = dataDir;
    this.engine = engine;
  }

  static start(folder: string): Promise<Server> {
    return Server.open(join(folder, 'clickhouse'));
  }

  /** On the data of an engine that has ended. */
  static async open(dataDir: string): Promise<Server> {
    return new Server(dataDir, await startEngine({ dataDir, port: 0 }));
  }

  get url(): string {
    return this.engine.url;
  }

  get user(): { username: string; password: string } {
    return this.engine.writer;
  }

  get pid(): number {
    return this.engine.pid;
  }

  /** Resolves when the engine that runs now has ended. */
  get ended(): RunningEngine['exited'] {
    return this.engine.exited;
  }

  /** Ends it with SIGKILL. */
  async kill(): Promise<void> {
    process.kill(this.engine.pid, 'SIGKILL');
    await this.engine.exited;
  }

  /** Starts it again at the same address, on the same data. */
  async restart(): Promise<void> {
    this.engine = await startEngine({ dataDir: this.dataDir, port: this.engine.port });
  }

  /** Forgets all that was stored. */
  async empty(): Promise<void> {
    await this.statements.ask(`DROP DATABASE IF EXISTS ${DATABASE} SYNC`, {});
  }

  rows<T>(query: string): Promise<T[]> {
    return this.statements.rows(query);
  }

  column(query: string): Promise<string[]> {
    return this.statements.column(query);
  }

  stop(): Promise<void> {
    return this.engine.stop();
  }

  private get statements(): Statements {
    return new Statements(this.url, this.user);
  }
}

/** Asks a ClickHouse server. */
export class Statements {
  readonly user: { username: string; password: string };
  private readonly url: string;

  constructor(url: string, user: { username: string; password: string }) {
    this.url = url;
    this.user = user;
  }

  async rows<T>(query: string): Promise<T[]> {
    const text = await this.ask(`${query} FORMAT JSONEachRow`, { database: DATABASE });
    return text.split('\n').flatMap((line) => (line === '' ? [] : (JSON.parse(line) as T)));
  }

  /** The first column as text. */
  async column(query: string): Promise<string[]> {
    const text = await this.ask(`${query} FORMAT TSV`, { database: DATABASE });
    return text.split('\n').filter((line) => line !== '');
  }

  async ask(query: string, settings: Record<string, string>): Promise<string> {
    const response = await fetch(`${this.url}/?${new URLSearchParams(settings)}`, {
      method: 'POST',
      body: query,
      headers: {
        'X-ClickHouse-User': this.user.username,
        'X-ClickHouse-Key': this.user.password,
      },
    });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return text;
  }
}
