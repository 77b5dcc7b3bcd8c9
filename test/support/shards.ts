// Three engines as the shards of a cluster, each a process of its own, with the native protocol between them.
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
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
    await writeFile(configFile, clusterConfig(ports));
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

/** Held until all are known, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => new Promise((done) => server.once('listening', done))));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/** With a secret, statements run on the other shards as the user who sent them. */
function clusterConfig(ports: readonly number[]): string {
  const shards = ports.map(
    (port) =>
      '<shard><internal_replication>true</internal_replication>' +
      `<replica><host>127.0.0.1</host><port>${port}</port></replica></shard>`,
  );
  const secret = randomBytes(16).toString('hex');
  return `<clickhouse><remote_servers><${CLUSTER}><secret>${secret}</secret>${shards.join('')}</${CLUSTER}></remote_servers></clickhouse>`;
}
