// ClickHouse away while failures keep coming: what the collector's memory does, and how long the queue
// takes to empty afterwards. BENCH_OUTAGE_SECONDS makes it shorter.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server } from '../faults/server.ts';
import { cpuSeconds, queueEmptied, startFaultline, startSender, watchMemory } from './processes.ts';

export const name = 'Outage: ClickHouse away, 2,000 failures a second, the queue bounded to 1 GiB';

const SECONDS = Number(process.env.BENCH_OUTAGE_SECONDS ?? 600);
const WARMUP_SECONDS = 8;
const FAILURES_PER_REQUEST = 10;
const REQUESTS_A_SECOND = 200;

export async function run(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'faultline-outage-'));
  const server = await Server.start(folder);
  const { username, password } = server.user;
  const faultline = await startFaultline(
    ...['--clickhouse-url', server.url],
    ...['--clickhouse-user', username, '--clickhouse-password', password],
  );
  try {
    const sender = startSender({
      url: faultline.otlpHttp,
      mix: { failed: 1, good: 0 },
      spansPerRequest: FAILURES_PER_REQUEST,
      distinct: 10_000,
      connections: 16,
      warmupSeconds: WARMUP_SECONDS,
      seconds: SECONDS,
      rate: REQUESTS_A_SECOND,
    });
    await sender.ready;
    await server.kill();
    const memory = watchMemory(faultline.pid);
    const cpu = cpuSeconds(faultline.pid);
    const report = await sender.report;
    const used = cpuSeconds(faultline.pid) - cpu;
    memory.stop();
    const third = Math.floor(memory.series.length / 3);
    const mean = (part: number[]): number => part.reduce((sum, mib) => sum + mib, 0) / part.length;
    const away = performance.now();
    await server.restart();
    const back = watchMemory(faultline.pid);
    await queueEmptied(faultline);
    back.stop();
    const rows: Record<string, string> = {
      'seconds away': report.seconds.toFixed(0),
      'failures taken': count(report.requests - refusals(report.refused)),
      'failures refused (503)': count(refusals(report.refused)),
      'collector CPU, share of a core': (used / report.seconds).toFixed(2),
      'memory MiB, first third': mean(memory.series.slice(0, third)).toFixed(0),
      'memory MiB, last third': mean(memory.series.slice(-third)).toFixed(0),
      'memory MiB, peak while away': memory.peakMib().toFixed(0),
      'seconds until the queue is empty': ((performance.now() - away) / 1000).toFixed(0),
      'memory MiB, peak meanwhile': back.peakMib().toFixed(0),
      'ack p50 / p99 ms': `${report.p50.toFixed(1)} / ${report.p99.toFixed(1)}`,
    };
    for (const [what, value] of Object.entries(rows)) console.log(`  ${what.padEnd(34)} ${value}`);
  } finally {
    await faultline.end();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function count(requests: number): string {
  return (requests * FAILURES_PER_REQUEST).toLocaleString('en');
}

function refusals(refused: Record<string, number>): number {
  return Object.values(refused).reduce((sum, answers) => sum + answers, 0);
}
