// What a cluster costs: questions over three shards against one engine with the same rows, and two collectors against
// one before a ClickHouse that only counts.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connectClickHouse } from '../../collector/serving/clickhouse.ts';
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
const ROUNDS = 10;
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
  // Merged as the one engine's are; parts are no part of the question.
  for (const url of shards.urls) {
    const client = connectClickHouse({ url, ...shards.writer, database });
    for (const table of ['failures', 'node_attempts', 'graph_runs']) {
      await client.command({
        query: `OPTIMIZE TABLE ${table}_local FINAL SETTINGS optimize_throw_if_noop = 0`,
      });
    }
    await client.close();
  }
  const single = connect({ clickhouse: { url: one.url, ...one.query, database } });
  const query = { url: shards.urls, username: 'query', password: 'q' };
  const spread = connect({
    clickhouse: { ...query, database, ...readOptions(database, shards.urls.length) },
  });
  const questions: [string, (history: History, agent: string) => Promise<unknown>][] = [
    ['recent failures', (history, agent) => history.recentFailures({ agent })],
    ['groups', (history, agent) => history.groups({ agent })],
    ['nodes', (history, agent) => history.nodes(agent)],
    ['brief', (history, agent) => history.brief(agent)],
    ['all agents', (history) => history.agents()],
  ];
  const pids = [[one.pid], shards.engines.map(({ pid }) => pid)];
  console.log(
    `${FAILURES} failures, one engine → three shards: ms p50 (ratio); ms of CPU of one engine → of the busiest shard, of all (ratios)`,
  );
  for (const [name, ask] of questions) {
    for (const agent of ['agent-20', 'agent-00']) {
      const times: [number[], number[]] = [[], []];
      const cpu = pids.map((own) => own.map(() => 0));
      for (const history of [single, spread]) await ask(history, agent);
      // In turn, so that whatever else the machine does meets both.
      for (let round = 0; round < ROUNDS; round++) {
        for (const [index, history] of [single, spread].entries()) {
          const before = pids[index]!.map(cpuSeconds);
          const start = performance.now();
          await ask(history, agent);
          times[index]!.push(performance.now() - start);
          for (const [at, pid] of pids[index]!.entries()) {
            cpu[index]![at]! += ((cpuSeconds(pid) - before[at]!) * 1000) / ROUNDS;
          }
        }
      }
      const [one, three] = times.map(median) as [number, number];
      const [[alone], shared] = cpu as [[number], number[]];
      const busiest = Math.max(...shared);
      const all = shared.reduce((sum, own) => sum + own, 0);
      const against = (value: number, base: number): string =>
        `${value.toFixed(0)} (${(value / base).toFixed(2)})`;
      console.log(
        `${name}, ${agent === 'agent-00' ? 'largest' : 'usual'} agent: ${one.toFixed(0)} → ${against(three, one)} ms; ` +
          `CPU ${alone.toFixed(0)} → ${against(busiest, alone)}, ${against(all, alone)} ms`,
      );
    }
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
  // One before and one after, so that what warms up or changes meanwhile is no advantage of two.
  for (const count of [1, 2, 1]) {
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
        ...{ warmupSeconds: 12, seconds: SECONDS },
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
  const [first, two, last] = rates as [number, number, number];
  console.log(`two against one: ${((2 * two) / (first + last)).toFixed(2)}`);
  counter.close();
}

export const name = 'Cluster: questions over three shards, two collectors';

export async function run(): Promise<void> {
  if (FAILURES > 0) await compareQuestions();
  await compareCollectors();
}
