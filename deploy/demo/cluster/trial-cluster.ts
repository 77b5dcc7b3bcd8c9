// Three engines as shards, two collectors and two query services over them, each a process of its own.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type ClickHouse, connectClickHouse } from '../../../collector/serving/clickhouse.ts';
import { createClient, type History } from '../../../query/index.ts';
import { DemoProcess } from './process.ts';
import { freePorts, shardsXml } from './shards-file.ts';

const CLUSTER = 'demo';
const PASSWORDS = { 'writer-password': 'w', 'query-password': 'q', 'reader-password': 'r' };
const SHARDS = [1, 2, 3];
const PAIR = [1, 2];
/** Nothing in the story takes as long, in milliseconds. */
const LONGEST_MS = 60_000;

export class TrialCluster {
  readonly shards: readonly DemoProcess[];
  readonly collectors: readonly DemoProcess[];
  readonly queries: readonly DemoProcess[];
  #histories: History[] = [];

  private constructor(
    shards: readonly DemoProcess[],
    collectors: readonly DemoProcess[],
    queries: readonly DemoProcess[],
  ) {
    this.shards = shards;
    this.collectors = collectors;
    this.queries = queries;
  }

  /** @param folder for all data */
  static async start(folder: string): Promise<TrialCluster> {
    const [shardPorts, otherPorts] = await Promise.all([freePorts(6), freePorts(6)]);
    const natives = shardPorts.slice(3);
    const config = join(folder, 'shards.xml');
    await writeFile(config, shardsXml(CLUSTER, natives));
    const shards = await Promise.all(
      SHARDS.map(async (number, index) => {
        const dataDir = join(folder, `shard-${number}`);
        await mkdir(dataDir, { mode: 0o700 });
        for (const [name, password] of Object.entries(PASSWORDS))
          await writeFile(join(dataDir, name), password, { mode: 0o600 });
        const ports = ['--http-port', `${shardPorts[index]}`, '--native-port', `${natives[index]}`];
        const args = ['engine', '--json', '--data-dir', dataDir, ...ports, '--config', config];
        return new DemoProcess(`shard ${number}`, args).start();
      }),
    );
    const urls = shards.flatMap(({ ready }) => ['--clickhouse-url', ready.clickhouse!]);
    const start = (role: string, number: number, more: string[]): Promise<DemoProcess> => {
      const settings = ['--clickhouse-cluster', CLUSTER, '--clickhouse-user', 'faultline', ...urls];
      const readers = ['--clickhouse-reader-user', 'query', '--log-format', 'json'];
      const args = ['start', '--role', role, ...settings, ...readers, ...more];
      return new DemoProcess(`${role} ${number}`, args, {
        FAULTLINE_CLICKHOUSE_PASSWORD: PASSWORDS['writer-password'],
        FAULTLINE_CLICKHOUSE_READER_PASSWORD: PASSWORDS['query-password'],
      }).start();
    };
    const collectors = PAIR.map((number, index) => {
      const [http, grpc] = otherPorts.slice(2 * index);
      const ports = ['--otlp-http-port', `${http}`, '--otlp-grpc-port', `${grpc}`];
      return start('collector', number, [...ports, '--data-dir', join(folder, `queue-${number}`)]);
    });
    const queries = PAIR.map((number, index) =>
      start('query', number, [
        ...['--query-port', `${otherPorts[4 + index]}`],
        ...['--collector-url', `http://127.0.0.1:${otherPorts[2 * index]}`],
        ...['--data-dir', join(folder, `query-${number}`)],
      ]),
    );
    const cluster = new TrialCluster(
      shards,
      await Promise.all(collectors),
      await Promise.all(queries),
    );
    cluster.#histories = cluster.queries.map(({ ready }) => createClient({ url: ready.query! }));
    return cluster;
  }

  /** One for each query service. */
  get histories(): readonly History[] {
    return this.#histories;
  }

  /** Rows of a table on each shard, by its own count. */
  onShards(table: string): Promise<number[]> {
    return Promise.all(
      this.shards.map(async ({ ready }) => {
        const client: ClickHouse = connectClickHouse({
          url: ready.clickhouse!,
          username: 'faultline',
          password: PASSWORDS['writer-password'],
          database: 'faultline',
        });
        const query = `SELECT count() AS n FROM ${table}_local FINAL`;
        const result = await client.query({ query, format: 'JSONEachRow' });
        const [row] = await result.json<{ n: string }>();
        await client.close();
        return Number(row!.n);
      }),
    );
  }

  /** Entries that wait in each collector's queue. */
  waiting(): Promise<number[]> {
    return Promise.all(
      this.collectors.map(async ({ ready }) => {
        const text = await (await fetch(`${ready.otlpHttp}/metrics`)).text();
        return Number(/^faultline_queue_entries (\d+)/m.exec(text)?.[1] ?? Number.NaN);
      }),
    );
  }

  /** Resolves when the collectors' queues are empty. @throws when they never are */
  async drained(): Promise<void> {
    for (const end = Date.now() + LONGEST_MS; Date.now() < end; await wait(100)) {
      if ((await this.waiting()).every((entries) => entries === 0)) return;
    }
    throw new Error(`rows still wait in the queues after ${LONGEST_MS / 1000} s`);
  }

  /** Ends everything; its data is of no use without the demo. */
  async kill(): Promise<void> {
    await Promise.all(this.#histories.map((history) => history.close()));
    const all = [...this.queries, ...this.collectors, ...this.shards];
    await Promise.all(all.map((process) => process.end('SIGKILL')));
  }
}
