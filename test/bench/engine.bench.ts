// The embedded engine under `faultline start`: start, statements, inserts, idle. BENCH_OTHER names another
// built checkout, which is measured in turn with this one.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createClient } from '@clickhouse/client';
import { makeRequest } from '../faults/requests.ts';
import { childrenOf, cpuSeconds, ownMib } from './processes.ts';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const ROWS = Number(process.env.BENCH_ROWS ?? 1_000_000);
const IDLE_S = 60;
const REQUESTS = 100;
const FAILURES_A_REQUEST = 100;

const here = fileURLToPath(new URL('../../', import.meta.url));
const other = process.env.BENCH_OTHER;

/** What one round saw; times in ms, memory in MiB. */
type Seen = Record<string, number>;

export const name = 'Embedded engine: start, statements, inserts, idle';

export async function run(): Promise<void> {
  const checkouts = other === undefined ? { this: here } : { other, this: here };
  const seen: Record<string, Seen[]> = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const [which, checkout] of Object.entries(checkouts)) {
      const one = await measure(checkout);
      seen[which] = [...(seen[which] ?? []), one];
      console.log(which, one);
    }
  }
  const names = Object.keys(seen);
  const rows = Object.keys(seen[names[0]!]![0]!).map((what) => ({
    what,
    ...Object.fromEntries(
      names.map((which) => [which, median(seen[which]!.map((one) => one[what]!))]),
    ),
  }));
  console.table(rows);
}

async function measure(checkout: string): Promise<Seen> {
  const dataDir = await mkdtemp(join(tmpdir(), 'faultline-bench-'));
  // The second start is the usual one: the tables are there.
  const first = await startIn(checkout, dataDir);
  await first.end();
  const { start, ...running } = await startIn(checkout, dataDir);
  try {
    const select = await selectOne(running);
    const insert = await insertFailures(running);
    await fill(running);
    const recent = await recentFailures(running);
    await wait(10_000);
    const idle = await idleCpu(running);
    return { ...start, ...select, ...insert, ...recent, ...idle };
  } finally {
    await running.end();
    await rm(dataDir, { recursive: true, force: true });
  }
}

interface Started {
  pid: number;
  enginePid: number;
  otlpHttp: string;
  query: string;
  client: ReturnType<typeof createClient>;
  start: Seen;
  end(): Promise<void>;
}

async function startIn(checkout: string, dataDir: string): Promise<Started> {
  const began = performance.now();
  const ports = ['otlp-http', 'otlp-grpc', 'query', 'embedded'];
  const child = spawn(
    process.execPath,
    [
      join(checkout, 'dist/deploy/cli/faultline.js'),
      ...['start', '--data-dir', dataDir, '--log-format', 'json'],
      ...ports.flatMap((port) => [`--${port}-port`, '0']),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ready = await firstReady(child);
  const ms = performance.now() - began;
  const pid = child.pid!;
  const enginePid = childrenOf(pid)[0]!;
  // Of versions before the users.
  const files = ['writer-password', 'clickhouse-password'].map((file) => join(dataDir, file));
  const password = readFileSync(files.find((file) => existsSync(file))!, 'utf8').trim();
  const client = createClient({
    url: ready.clickhouse,
    request_timeout: 300_000,
    clickhouse_settings: {
      send_progress_in_http_headers: 1,
      http_headers_progress_interval_ms: '10000',
    },
    ...{ username: 'faultline', password, database: 'faultline' },
  });
  return {
    ...{ pid, enginePid, client, otlpHttp: ready.otlpHttp, query: ready.query },
    start: {
      'start to ready, ms': ms,
      'start to ready, CPU s of both': cpuSeconds(pid) + cpuSeconds(enginePid),
    },
    end: async () => {
      await client.close();
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

async function firstReady(
  child: ChildProcess,
): Promise<{ otlpHttp: string; query: string; clickhouse: string }> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const entry = JSON.parse(line);
    if (entry.msg !== 'ready') continue;
    child.stdout!.resume();
    return entry;
  }
  throw new Error('faultline start ended before it was ready');
}

async function selectOne({ client }: Pick<Started, 'client'>): Promise<Seen> {
  const times = await timed(300, async () => {
    const result = await client.query({ query: 'SELECT 1', format: 'JSONEachRow' });
    await result.json();
  });
  return { 'SELECT 1, p50 ms': median(times) };
}

async function insertFailures({ otlpHttp, enginePid }: Omit<Started, 'start'>): Promise<Seen> {
  const send = async (requests: number) => {
    for (let request = 0; request < requests; request++) {
      const { json } = makeRequest({ agent: 'bench', failures: FAILURES_A_REQUEST });
      const headers = { 'content-type': 'application/json' };
      await fetch(`${otlpHttp}/v1/traces`, { method: 'POST', headers, body: json });
    }
    for (;;) {
      const metrics = await (await fetch(`${otlpHttp}/metrics`)).text();
      if (/^faultline_queue_entries(?:\{.*\})? 0$/m.test(metrics)) return;
      await wait(20);
    }
  };
  await send(20);
  const before = cpuSeconds(enginePid);
  await send(REQUESTS);
  const cpu = (cpuSeconds(enginePid) - before) / (REQUESTS * FAILURES_A_REQUEST);
  return { 'engine CPU a failure, µs': cpu * 1e6 };
}

/** Rows of a thousand agents, straight into the table. */
async function fill({ client }: Pick<Started, 'client'>): Promise<void> {
  for (let from = 0; from < ROWS; from += 100_000) {
    await client.command({
      query: `INSERT INTO failures (timestamp, failure_id, level, trace_id, span_id, agent_id, run_id, node_id, class, error_type,
          error_message, template, fingerprint, stack_trace, received_at, revision)
        SELECT now64(9) - INTERVAL number SECOND, generateUUIDv4(), 'node', lower(hex(generateUUIDv4())), lower(hex(rand64())),
          'agent-' || toString(number % 1000), 'run-' || toString(number), 'node-' || toString(number % 7), 'tool.error',
          'ToolError', 'no answer from tool ' || toString(number % 50), 'no answer from tool <*>',
          lower(hex(sipHash64(number % 50))), repeat('at call (/app/tool.js:1:2)\\n', 8), now64(9), 1
        FROM numbers(${from}, 100000)`,
      clickhouse_settings: { max_partitions_per_insert_block: '0' },
    });
  }
}

async function recentFailures({ query }: Pick<Started, 'query'>): Promise<Seen> {
  let agent = 0;
  const times = await timed(60, async () => {
    const response = await fetch(`${query}/api/v1/failures?agent=agent-${agent++}&limit=50`);
    if (!response.ok) throw new Error(await response.text());
    await response.text();
  });
  return { [`recent failures of ${ROWS.toLocaleString('en')}, p50 ms`]: median(times) };
}

async function idleCpu({ pid, enginePid }: Pick<Started, 'pid' | 'enginePid'>): Promise<Seen> {
  const before = cpuOf(pid) + cpuOf(enginePid);
  await wait(IDLE_S * 1000);
  return {
    'idle, CPU s a minute of both': ((cpuOf(pid) + cpuOf(enginePid) - before) * 60) / IDLE_S,
    'idle, own memory of both, MiB': ownMib(pid) + ownMib(enginePid),
  };
}

/** CPU seconds of all threads, to the nanosecond. */
function cpuOf(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, task) => {
    const text = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8');
    return sum + Number(text.split(' ')[0]) / 1e9;
  }, 0);
}

async function timed(times: number, work: () => Promise<void>): Promise<number[]> {
  const seen: number[] = [];
  for (let time = 0; time < times; time++) {
    const start = performance.now();
    await work();
    seen.push(performance.now() - start);
  }
  return seen;
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Number(sorted[Math.floor(sorted.length / 2)]!.toPrecision(3));
}
