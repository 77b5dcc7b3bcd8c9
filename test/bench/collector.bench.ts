// The whole collector: requests over HTTP, gunzip, reading, redaction, the queue synced to disk, rows
// in embedded ClickHouse. Sender, collector and engine are processes of their own on the same cores.
import { gunzipSync } from 'node:zlib';
import { type Mix, requests, SPANS_PER_REQUEST } from './load.ts';
import {
  cpuSeconds,
  type Faultline,
  queueEmptied,
  startFaultline,
  startSender,
  watchMemory,
} from './processes.ts';

export const name =
  'Collector: `faultline start`, gzip protobuf over HTTP, rows in embedded ClickHouse';

const SECONDS = Number(process.env.BENCH_SECONDS ?? 30);
const WARMUP_SECONDS = 8;

interface Load {
  what: string;
  mix: Mix;
  spansPerRequest: number;
  connections: number;
  rate?: number;
}

const LOADS: Load[] = [
  {
    what: 'firehose, 0.1 % failed, 5 % good attempts',
    mix: { failed: 0.001, good: 0.05 },
    spansPerRequest: SPANS_PER_REQUEST,
    connections: 4,
  },
  {
    what: 'firehose, 5 % failed, 20 % good attempts',
    mix: { failed: 0.05, good: 0.2 },
    spansPerRequest: SPANS_PER_REQUEST,
    connections: 4,
  },
  {
    what: 'failures only, as many as go',
    mix: { failed: 1, good: 0 },
    spansPerRequest: 500,
    connections: 4,
  },
  {
    what: 'failures only, 2,000 a second',
    mix: { failed: 1, good: 0 },
    spansPerRequest: 10,
    connections: 16,
    rate: 200,
  },
];

interface Row {
  'spans/s': string;
  'collector CPU-s/M spans': string;
  'engine CPU-s/M spans': string;
  'sender CPU-s/M spans': string;
  'against gunzip alone': string;
  'collector peak MiB': string;
  'ack p50 ms': string;
  'ack p99 ms': string;
  refused: number;
}

/** Microseconds of CPU that gunzip alone takes for a span of these requests. */
function gunzipMicros(bodies: Buffer[], spansPerRequest: number): number {
  const start = process.cpuUsage();
  let times = 0;
  for (let micros = 0; micros < 300_000; times++) {
    for (const body of bodies) gunzipSync(body, { maxOutputLength: 64 * 1024 * 1024 });
    const { user, system } = process.cpuUsage(start);
    micros = user + system;
  }
  const { user, system } = process.cpuUsage(start);
  return (user + system) / (times * bodies.length * spansPerRequest);
}

async function measure(faultline: Faultline, load: Load): Promise<Row> {
  const { mix, spansPerRequest, connections, rate } = load;
  const baseline = gunzipMicros(requests(mix, 3, spansPerRequest), spansPerRequest);
  const sender = startSender({
    url: faultline.otlpHttp,
    mix,
    spansPerRequest,
    distinct: Math.max(20, Math.round(100_000 / spansPerRequest)),
    connections,
    warmupSeconds: WARMUP_SECONDS,
    seconds: SECONDS,
    rate,
  });
  await sender.ready;
  const memory = watchMemory(faultline.pid);
  const before = { collector: cpuSeconds(faultline.pid), engine: cpuSeconds(faultline.enginePid) };
  const report = await sender.report;
  // What is still in the queue belongs to the cost too.
  const drainStart = performance.now();
  await queueEmptied(faultline);
  const drainSeconds = (performance.now() - drainStart) / 1000;
  memory.stop();
  const refused = Object.values(report.refused).reduce((sum, count) => sum + count, 0);
  const spans = (report.requests - refused) * spansPerRequest;
  const perMillion = (seconds: number): string => ((seconds * 1e6) / spans).toFixed(2);
  const collector = cpuSeconds(faultline.pid) - before.collector;
  return {
    'spans/s': Math.round(spans / (report.seconds + drainSeconds)).toLocaleString('en'),
    'collector CPU-s/M spans': perMillion(collector),
    'engine CPU-s/M spans': perMillion(cpuSeconds(faultline.enginePid) - before.engine),
    'sender CPU-s/M spans': perMillion(report.cpuSeconds),
    'against gunzip alone': `${((collector * 1e6) / spans / baseline).toFixed(1)} x`,
    'collector peak MiB': memory.peakMib().toFixed(0),
    'ack p50 ms': report.p50.toFixed(1),
    'ack p99 ms': report.p99.toFixed(1),
    refused,
  };
}

export async function run(): Promise<void> {
  const table: Record<string, Row> = {};
  for (const load of LOADS.filter(({ what }) => what.includes(process.env.BENCH_LOAD ?? ''))) {
    const faultline = await startFaultline();
    try {
      table[load.what] = await measure(faultline, load);
    } finally {
      await faultline.end();
    }
  }
  for (const [what, row] of Object.entries(table)) {
    console.log(what);
    for (const [column, value] of Object.entries(row)) {
      console.log(`  ${column.padEnd(26)} ${value}`);
    }
  }
}
