// Three engines as the shards of a cluster, each a process of its own, with the native protocol between them.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectClickHouse } from '../../collector/serving/clickhouse.ts';
import { readSettings } from '../../deploy/clickhouse/cluster/sharding.ts';
import { freePorts, shardsXml } from '../../deploy/demo/cluster/shards-file.ts';
import { type RunningEngine, startEngine } from '../../deploy/engine/index.ts';
import { TemporaryFolder } from './temporary-folder.ts';

export const CLUSTER = 'trial';

/** The same users with the same passwords on every shard. */
const PASSWORDS = { 'writer-password': 'w', 'query-password': 'q', 'reader-password': 'r' };

export class Shards {
  readonly #folder: TemporaryFolder;
  readonly #configFile: string;
  readonly engines: RunningEngine[] = [];

  private constructor(folder: TemporaryFolder, configFile: string) {
    this.#folder = folder;
    this.#configFile = configFile;
  }

  static async start(count = 3): Promise<Shards> {
    const folder = new TemporaryFolder('shards');
    const ports = await freePorts(count);
    const configFile = join(await folder.with('.'), 'shards.xml');
    await writeFile(configFile, shardsXml(CLUSTER, ports));
    const shards = new Shards(folder, configFile);
    shards.engines.push(
      ...(await Promise.all(ports.map((port, index) => shards.#open(index, 0, port)))),
    );
    return shards;
  }

  get urls(): string[] {
    return this.engines.map(({ url }) => url);
  }

  get writer(): { username: string; password: string } {
    return { username: 'faultline', password: PASSWORDS['writer-password'] };
  }

  /** Settings of `faultline start` that name this cluster. */
  get settings(): Record<string, unknown> {
    return {
      'clickhouse-url': this.urls,
      'clickhouse-cluster': CLUSTER,
      'clickhouse-user': this.writer.username,
      'clickhouse-password': this.writer.password,
      // The engine's `reader` has a least number of rows of a result, which shards cannot send along.
      'clickhouse-reader-user': 'query',
      'clickhouse-reader-password': PASSWORDS['query-password'],
    };
  }

  /** The same for a process that is given the first address, the user and the password already. */
  get flags(): string[] {
    const others = this.urls.slice(1).flatMap((url) => ['--clickhouse-url', url]);
    return [
      ...others,
      ...['--clickhouse-cluster', CLUSTER, '--clickhouse-reader-user', 'query'],
      ...['--clickhouse-reader-password', PASSWORDS['query-password']],
    ];
  }

  /** Rows over all shards, of a statement. */
  async rows<T>(query: string): Promise<T[]> {
    const client = connectClickHouse({
      url: this.urls,
      ...this.writer,
      database: 'faultline',
      clickhouse_settings: readSettings('faultline'),
    });
    const result = await client.query({ query, format: 'JSONEachRow' });
    const rows = await result.json<T>();
    await client.close();
    return rows;
  }

  /** The first column as text. */
  async column(query: string): Promise<string[]> {
    const rows = await this.rows<Record<string, string>>(query);
    return rows.map((row) => String(Object.values(row)[0]));
  }

  async kill(index: number): Promise<void> {
    const engine = this.engines[index]!;
    process.kill(engine.pid, 'SIGKILL');
    await engine.exited;
  }

  /** Starts one again at its addresses, on its data. */
  async restart(index: number): Promise<void> {
    const { port, nativePort } = this.engines[index]!;
    this.engines[index] = await this.#open(index, port, nativePort!);
  }

  async stop(): Promise<void> {
    await Promise.all(this.engines.map((engine) => engine.stop()));
    await this.#folder.remove();
  }

  async #open(index: number, port: number, nativePort: number): Promise<RunningEngine> {
    const dataDir = await this.#folder.with(`shard-${index + 1}`, PASSWORDS);
    return startEngine({ dataDir, port, nativePort, configFile: this.#configFile });
  }
}
