// What recording costs the agent: a node that succeeds and one that fails against a bare span of the
// same SDK, and a burst that memory has no room for.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SpanStatusCode, type Tracer } from '@opentelemetry/api';
import { AlwaysOnSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import { createPipelineWithQueue } from '../../instrumentation/delivery/pipeline.ts';
import { GraphRun, instrumentGraph, snapshotOf } from '../../instrumentation/index.ts';

export const name = 'Capture: what a recorded node costs over a bare span, and a burst of failures';

/** Many and short, so that some of them have the machine for themselves. */
const ROUNDS = 60;
const NODES = 300;
const BURST = Number(process.env.FAULTLINE_BENCH_BURST ?? 100_000);
const MIB = 1024 * 1024;

interface Sink {
  url: string;
  spans(): Promise<number>;
  end(): void;
}

/** One node or span, `i` times; may be awaited. */
type Work = (i: number) => unknown;

export async function run(): Promise<void> {
  process.stderr.write = () => true;
  const sink = await startSink();
  const folder = mkdtempSync(join(tmpdir(), 'faultline-capture-'));
  try {
    await costs(sink, folder);
    await burst(sink, folder);
  } finally {
    sink.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startSink(): Promise<Sink> {
  const child: ChildProcess = fork(fileURLToPath(new URL('./sink.ts', import.meta.url)), {
    execArgv: process.execArgv.filter((arg) => arg !== '--expose-gc'),
  });
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  const spans = async () => {
    child.send('how many?');
    const [told] = (await once(child, 'message')) as [{ spans: number }];
    return told.spans;
  };
  return { url, spans, end: () => child.disconnect() };
}

async function costs(sink: Sink, folder: string): Promise<void> {
  const { pipeline } = createPipelineWithQueue({ endpoint: sink.url, spool: folder });
  const { tracer } = pipeline;
  const graph = instrumentGraph({ agentId: 'bench', graph: { id: 'bench' }, tracer });
  const good = (input: unknown) => (times: number) =>
    graph.run({}, async (run) => {
      for (let i = 0; i < times; i += 1) await run.node('work', { input }, () => i);
    });
  const bad = (input: unknown) => async (times: number) => {
    for (let i = 0; i < times; i += 1) await failingRun(tracer, input, i);
  };
  console.log(
    `µs of CPU and kB of garbage each; least of ${ROUNDS} rounds of up to ${NODES}, garbage the median\n` +
      `${''.padEnd(34)}${'on the path'.padStart(14)}${'with sending'.padStart(14)}${'garbage'.padStart(11)}`,
  );
  const { flush } = pipeline;
  const bare = new TracerProvider({ sampler: new AlwaysOnSampler() }).getTracer('bare');
  const cases: [what: string, times: number, work: (times: number) => Promise<unknown>][] = [
    ['bare span, SDK without exporter', NODES, each((i) => bareSpan(bare, i))],
    ['bare span, this pipeline', NODES, each((i) => bareSpan(tracer, i))],
    ['node that succeeds, 4 kB input', NODES, good(inputOf(4096))],
    ['node that succeeds, 1 MB input', NODES, good(inputOf(MIB))],
    ['bare exception, SDK, no exporter', NODES, each((i) => bareFailure(bare, i))],
    ['bare exception, this pipeline', NODES, each((i) => bareFailure(tracer, i))],
    ['node that fails, 4 kB input', 100, bad(inputOf(4096))],
    ['node that fails, 1 MB input', 1, bad(inputOf(MIB))],
  ];
  for (const [what, times, work] of cases) await measure(what, times, work, flush);
  await pipeline.shutdown();
}

/** An order with lines, about so many bytes as JSON. */
function inputOf(bytes: number): object {
  const line = { sku: 'AB-12', text: 'two of the blue ones, not the red ones', quantity: 2 };
  const count = Math.ceil(bytes / JSON.stringify(line).length);
  return { order: 7, lines: Array.from({ length: count }, () => ({ ...line })) };
}

function each(work: Work): (times: number) => Promise<void> {
  return async (times) => {
    for (let i = 0; i < times; i += 1) await work(i);
  };
}

function bareSpan(tracer: Tracer, i: number): void {
  // A good attempt of ours that the queue keeps as it is, with as many attributes.
  const attributes = { a: 'bench', b: 'bench', c: 'run', d: 'sha256:0', e: 'work', f: i, g: 1 };
  tracer.startSpan('execute_node work', { attributes }).end();
}

function bareFailure(tracer: Tracer, i: number): void {
  const span = tracer.startSpan('execute_node work', { attributes: { a: 'bench', f: i } });
  span.recordException(new TypeError(`order ${i} has no total`));
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'no total' });
  span.end();
}

let shared: GraphRun | undefined;

/** One failed attempt of one long run. */
function failingRun(tracer: Tracer, input: unknown, i: number): void {
  const identity = { agentId: 'bench', graphId: 'bench', snapshot: snapshotOf({ id: 'bench' }) };
  shared ??= new GraphRun(identity, { tracer });
  const attempt = shared.attempt({ nodeId: `work ${i % 10}`, attempt: 1 });
  attempt.fail(new TypeError(`order ${i} has no total`), { input }, 'terminal');
}

async function measure(
  what: string,
  times: number,
  work: (times: number) => Promise<unknown>,
  flush: () => Promise<void>,
): Promise<void> {
  let onPath = Number.POSITIVE_INFINITY;
  let whole = Number.POSITIVE_INFINITY;
  const garbage: number[] = [];
  const microseconds = ({ user, system }: NodeJS.CpuUsage) => (user + system) / times;
  // No collection is forced: one in each round throws away what was compiled, as no app does.
  for (let round = 0; round < ROUNDS; round += 1) {
    const heap = process.memoryUsage().heapUsed;
    const before = process.cpuUsage();
    await work(times);
    onPath = Math.min(onPath, microseconds(process.cpuUsage(before)));
    // A collection in between makes it look less.
    const made = process.memoryUsage().heapUsed - heap;
    if (made > 0) garbage.push(made / times / 1024);
    await flush();
    whole = Math.min(whole, microseconds(process.cpuUsage(before)));
  }
  const median = garbage.sort((a, b) => a - b)[garbage.length >> 1] ?? Number.NaN;
  const cells = [`${onPath.toFixed(1)} µs`, `${whole.toFixed(1)} µs`, `${median.toFixed(1)} kB`];
  console.log(what.padEnd(34) + cells.map((cell) => cell.padStart(13)).join(' '));
}

async function burst(sink: Sink, folder: string): Promise<void> {
  const maxBytes = 16 * MIB;
  const endpoint = sink.url;
  const made = createPipelineWithQueue({ endpoint, spool: folder, maxBytes });
  const { queue, pipeline } = made;
  await turn();
  const spansBefore = await sink.spans();
  globalThis.gc?.();
  const memory = () => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return (heapUsed + arrayBuffers) / MIB;
  };
  const before = memory();
  const started = performance.now();
  shared = undefined;
  const input = inputOf(1024);
  for (let i = 0; i < BURST; i += 1) failingRun(pipeline.tracer, input, i);
  const seconds = (performance.now() - started) / 1000;
  globalThis.gc?.();
  const after = memory();
  const { dropped } = queue;
  await pipeline.flush();
  const arrived = (await sink.spans()) - spansBefore;
  // The start signal of the run is one span more.
  const wanted = BURST + 1;
  console.log(
    `\n${BURST.toLocaleString('en')} failures in one tick of ${seconds.toFixed(1)} s, bound 16 MiB, spool 64 MiB: ` +
      `${before.toFixed(0)} MiB before, ${after.toFixed(0)} MiB after; ` +
      `${dropped.toLocaleString('en')} dropped and counted, ${arrived.toLocaleString('en')} arrived, ` +
      `${(wanted - dropped - arrived).toLocaleString('en')} unaccounted`,
  );
  await pipeline.shutdown();
}
