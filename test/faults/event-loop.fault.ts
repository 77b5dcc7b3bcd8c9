import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Collector } from './collector.ts';
import {
  COSTLY_REQUESTS,
  type CostlyRequest,
  oneMoreSpan,
  recordsAlone,
} from './costly-requests.ts';
import { type Fault, NotHere } from './fault.ts';
import { exportOnce } from './transport.ts';
import type { World } from './world.ts';

/** Milliseconds that one request may hold the event loop. */
const MOST_HELD_MS = 50;
/** The same beside other tests, which take memory's and the disk's time. */
const MOST_HELD_BESIDE_MS = 150;
/** The same for all that is linked after the requests: once, so with all that others do. */
const MOST_HELD_BY_LINKING_MS = 150;
const NOTHING_WAITS = /^faultline_linker_waiting_traces 0$/m;
const SOME_ORPHANS = /^faultline_linker_orphan_failures_total [1-9]/m;
/** What others do to memory and disk adds to each; what a request costs shows in the best of so many. */
const TRIES = 3;
const WATCH = fileURLToPath(new URL('./loop-watch.mjs', import.meta.url));
/** Only requests whose name has this in it. */
const ONLY = process.env.FAULTLINE_COSTLY ?? '';

/** Sends them as they are and as bombs, while others send. */
export const fault: Fault = {
  name: 'requests that cost much, as they are and compressed',
  lastsMs: (world) => world.rounds(COSTLY_REQUESTS.length) * 60_000,
  run: async (world) => {
    if (process.platform !== 'linux') throw new NotHere('what a thread waits is in /proc of Linux');
    const dataDir = await world.dataDir();
    const heldFile = join(dataDir, 'held');
    const env = {
      NODE_OPTIONS: `--import=${WATCH}`,
      FAULTLINE_HELD_FILE: heldFile,
    };
    const collector = await world.collector({ dataDir, env });
    const sender = world.sender(() => collector, { agent: 'beside', perSecond: 20 });
    await sender.acknowledge(20);
    const held: string[] = [];
    const tooLong: string[] = [];
    const mostOfLinking = world.isNamed ? MOST_HELD_BY_LINKING_MS : 2 * MOST_HELD_BY_LINKING_MS;
    const most = world.isNamed ? MOST_HELD_MS : MOST_HELD_BESIDE_MS;
    const all = COSTLY_REQUESTS.filter(({ name }) => name.includes(ONLY));
    const chosen = world.random.shuffled(all).slice(0, world.rounds(all.length));
    for (const request of chosen) {
      const plain = request.body();
      const gzip = gzipSync(plain, { level: 1 });
      const ways = waysOf(request, plain, gzip);
      for (const [how, size, send] of ways) {
        const mib = `${(size / 1024 / 1024).toFixed(1)} MiB`;
        const what = `${request.signal}: ${request.name} (${request.type}, ${how}, ${mib})`;
        const ms = await leastHeld(world, collector, heldFile, send, most);
        held.push(`${what} ${ms}`);
        if (ms > most) tooLong.push(`${what}: ${ms} ms`);
      }
      world.say(held.slice(-ways.length).join(', '));
    }
    await sender.acknowledge(100);
    await sender.stop();
    const linking = await heldByLinking(world, collector, heldFile, world.isNamed);
    held.push(`linking ${linking}`);
    if (linking > mostOfLinking) tooLong.push(`linking what came: ${linking} ms`);
    const outcome = await world.settle(sender.acknowledged, collector);
    const times = `ms of the event loop: ${held.join(', ')}`;
    return {
      ...outcome,
      note: [outcome.note, times].filter(Boolean).join('; '),
      problem: tooLong.length > 0 ? `held the event loop: ${tooLong.join('; ')}` : '',
    };
  },
};

/** Sends a request once, whatever becomes of it. */
type Send = (collector: Collector) => Promise<unknown>;

function waysOf(
  { type, signal }: CostlyRequest,
  plain: Buffer,
  gzip: Buffer,
): (readonly [how: string, bytes: number, send: Send])[] {
  const http =
    (body: Buffer): Send =>
    ({ otlpHttp }) =>
      fetch(`${otlpHttp}/v1/${signal}`, {
        method: 'POST',
        headers: {
          'content-type': `application/${type}`,
          ...(body === gzip && { 'content-encoding': 'gzip' }),
        },
        body,
      }).then((answer) => answer.arrayBuffer());
  const grpc =
    (isGzip: boolean): Send =>
    ({ otlpGrpc }) =>
      exportOnce(otlpGrpc, signal, plain, isGzip);
  return [
    ['plain', plain.length, http(plain)],
    ['gzip', gzip.length, http(gzip)],
    ...(type === 'json'
      ? []
      : ([
          ['gRPC', plain.length, grpc(false)],
          ['gRPC, gzip', gzip.length, grpc(true)],
        ] as const)),
  ];
}

async function leastHeld(
  world: World,
  collector: Collector,
  heldFile: string,
  send: Send,
  most: number,
): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TRIES && least > most; i++) {
    await longestHeld(world, collector, heldFile);
    // It may be refused before all of it was sent.
    await send(collector).catch(() => undefined);
    // What was taken goes on to ClickHouse; of what others send a few entries may always wait.
    await world.until('the queue is nearly empty', async () => {
      const text = await (await fetch(`${collector.otlpHttp}/metrics`)).text();
      return /^faultline_queue_entries \d{1,2}$/m.test(text);
    });
    least = Math.min(least, await longestHeld(world, collector, heldFile));
  }
  return Math.round(least);
}

/**
 * All requests were of one trace: looks at all of it once more.
 * @param isPatient also looks at log records that have waited for their spans for long enough
 */
async function heldByLinking(
  world: World,
  collector: Collector,
  file: string,
  isPatient: boolean,
): Promise<number> {
  const metrics = (line: RegExp) => async (): Promise<boolean> =>
    line.test(await (await fetch(`${collector.otlpHttp}/metrics`)).text());
  await world.until('all is linked', metrics(NOTHING_WAITS));
  await longestHeld(world, collector, file);
  await exportOnce(collector.otlpGrpc, 'traces', oneMoreSpan(), false);
  await world.until('all is linked again', metrics(NOTHING_WAITS));
  if (isPatient) {
    await exportOnce(collector.otlpGrpc, 'logs', recordsAlone(), false);
    await world.until('log records wait no longer', metrics(SOME_ORPHANS));
    await world.until('all of them are linked', metrics(NOTHING_WAITS));
  }
  return Math.round(await longestHeld(world, collector, file));
}

/** Milliseconds since the last look. */
async function longestHeld(world: World, { pid }: Collector, file: string): Promise<number> {
  await rm(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  let text = '';
  await world.until('it says how long', async () => {
    text = await readFile(file, 'utf8').catch(() => '');
    return text !== '';
  });
  return Number(text);
}
