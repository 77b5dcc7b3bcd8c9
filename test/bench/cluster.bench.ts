// What a cluster costs: questions over three shards against one engine with the same rows, and two collectors against
// one before a ClickHouse that only counts.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { copyTables } from '../../deploy/clickhouse/cluster/copy.ts';
import { migrateCluster } from '../../deploy/clickhouse/cluster/migrate-cluster.ts';
import { readOptions, writeSettings } from '../../deploy/clickhouse/cluster/sharding.ts';
import { connect, type History } from '../../query/index.ts';
import { CLUSTER, Shards } from '../support/shards.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';
import { boundCpu } from './cpu-share.ts';
import { openEngine, seed } from './memory-data.ts';
import { cpuSeconds, startFaultline, startSender } from './processes.ts';

/** 0 leaves the questions out. */
const FAILURES = Number(process.env.BENCH_ROWS ?? 200_000);
const ROUNDS = 12;
const SECONDS = 15;
const database = 'faultline';

const median = (times: number[]): number =>
  times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;

async function compareQuestions(): Promise<void> {
  const folder = new TemporaryFolder('cluster-bench');
  const dataDir = await folder.with('one');
  const { engine: one, ask: fill } = await openEngine(dataDir);
  await seed(fill, FAILURES, join(dataDir, 'done'));
  const shards = await Shards.start(3);
  const to = { url: shards.urls, ...shards.writer };
  await migrateCluster(to, { cluster: CLUSTER, database, retentionDays: 90 });
  await copyTables({
    from: { url: one.url, ...one.writer, database },
    to: { ...to, database, clickhouse_settings: writeSettings },
  });
  const single = connect({ clickhouse: { url: one.url, ...one.query, database } });
  const query = { url: shards.urls, username: 'query', password: 'q' };
  const spread = connect({ clickhouse: { ...query, database, ...readOptions(database) } });
  const questions: [string, (history: History, agent: string) => Promise<unknown>][] = [
    ['recent failures of the agent', (history, agent) => history.recentFailures({ agent })],
    ['groups of the agent', (history, agent) => history.groups({ agent })],
    ['nodes of the agent', (history, agent) => history.nodes(agent)],
    ['brief', (history, agent) => history.brief(agent)],
    ['all agents', (history) => history.agents()],
  ];
  const pids = [[one.pid], shards.engines.map(({ pid }) => pid)];
  console.log(
    `${FAILURES} failures, ms p50 and CPU of the busiest engine: one engine, three shards, ratios; usual agent, large agent`,
  );
  for (const [name, ask] of questions) {
    const cells = [];
    for (const agent of ['agent-20', 'agent-00']) {
      const times: [number[], number[]] = [[], []];
      const cpu: [number, number] = [0, 0];
      for (const [index, history] of [single, spread].entries()) {
        await ask(history, agent);
        const before = pids[index]!.map(cpuSeconds);
        for (let round = 0; round < ROUNDS; round++) {
          const start = performance.now();
          await ask(history, agent);
          times[index]!.push(performance.now() - start);
        }
        const each = pids[index]!.map((pid, at) => cpuSeconds(pid) - before[at]!);
        cpu[index] = (1000 * Math.max(...each)) / ROUNDS;
      }
      const ratioOf = ([a, b]: [number, number]): string =>
        `${a.toFixed(0)} ${b.toFixed(0)} ${(b / a).toFixed(2)}`;
      cells.push(`${ratioOf(times.map(median) as [number, number])} cpu ${ratioOf(cpu)}`);
    }
    console.log(`${name.padEnd(30)} ${cells.join('   |   ')}`);
  }
  await Promise.all([single.close(), spread.close()]);
  await Promise.all([one.stop(), shards.stop()]);
  await folder.remove();
}

/** Takes everything and answers nothing, as ClickHouse does to inserts. */
async function startCounter(): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => response.end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

/** Of a core, that each collector may take: senders and counter need the rest of a small machine. */
const SHARE = 0.3;

async function compareCollectors(): Promise<void> {
  const counter = await startCounter();
  const role = ['--role', 'collector', '--clickhouse-url', counter.url];
  console.log(
    `failures a second of collectors with ${SHARE} of a core each; CPU seconds a million; what one core would take of them`,
  );
  const rates: number[] = [];
  for (const count of [1, 2]) {
    const collectors = await Promise.all(
      Array.from({ length: count }, () => startFaultline(...role, '--queue-max-mib', '16384')),
    );
    const bounds = collectors.map(({ pid }) => boundCpu(pid, SHARE));
    if (bounds.includes(undefined)) console.log('no control groups: they may take all cores');
    const senders = collectors.map(({ otlpHttp }) =>
      startSender({
        url: otlpHttp,
        mix: { failed: 1, good: 0 },
        ...{ spansPerRequest: 200, distinct: 40, connections: 4 },
        ...{ warmupSeconds: 10, seconds: SECONDS },
      }),
    );
    await Promise.all(senders.map(({ ready }) => ready));
    const before = collectors.map(({ pid }) => cpuSeconds(pid));
    const reports = await Promise.all(senders.map(({ report }) => report));
    const cpu = collectors.reduce((sum, { pid }, at) => sum + cpuSeconds(pid) - before[at]!, 0);
    const sent = reports.reduce((sum, one) => sum + (200 * one.requests) / one.seconds, 0);
    const all = reports.reduce((sum, { requests }) => sum + 200 * requests, 0);
    rates.push(sent);
    const perMillion = (cpu / all) * 1e6;
    console.log(
      `${count} collectors: ${sent.toFixed(0)}/s, ${perMillion.toFixed(0)} s, ${(1e6 / perMillion).toFixed(0)}/s a core`,
    );
    await Promise.all(collectors.map((collector) => collector.end()));
    for (const release of bounds) release?.();
  }
  console.log(`two against one: ${(rates[1]! / rates[0]!).toFixed(2)}`);
  counter.close();
}

export const name = 'Cluster: questions over three shards, two collectors';

export async function run(): Promise<void> {
  if (FAILURES > 0) await compareQuestions();
  await compareCollectors();
}
