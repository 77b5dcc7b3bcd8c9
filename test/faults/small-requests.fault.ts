import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Collector } from './collector.ts';
import type { Fault } from './fault.ts';
import { makeRequest } from './requests.ts';

/** Milliseconds that one request may hold the event loop, beyond what it waits on this machine anyway. */
const MOST_HELD_MS = 50;
/** A loaded machine adds to each; what an attack costs shows in the best of so many. */
const TRIES = 5;

const MILLION = 1_000_000;
const spans = (items: string) => `{"resourceSpans":[{"scopeSpans":[{"spans":[${items}{}]}]}]}`;

/** Some kilobytes of gzip, and what was some seconds of work. */
const ATTACKS: readonly (readonly [
  name: string,
  type: 'json' | 'x-protobuf',
  body: () => Buffer,
])[] = [
  ['empty spans', 'json', () => Buffer.from(spans('{},'.repeat(15 * MILLION)))],
  ['empty lists', 'json', () => Buffer.from(spans('[],'.repeat(19 * MILLION)))],
  ['open lists', 'json', () => Buffer.alloc(60 * MILLION, '[')],
  ['one text', 'json', () => Buffer.from(spans(`{"name":"${'x'.repeat(60 * MILLION)}"},`))],
  ['numbers', 'json', () => Buffer.from(spans(`{"events":[${'1,'.repeat(4 * MILLION)}1]},`))],
  ['empty spans', 'x-protobuf', () => message(0x0a, message(0x12, empty(0x12, 2 * MILLION)))],
  ['empty scopes', 'x-protobuf', () => message(0x0a, empty(0x12, 2 * MILLION))],
  ['one span of many long attributes', 'x-protobuf', longAttributes],
];

/** Sends them as they are and as bombs, while others send. */
export const fault: Fault = {
  name: 'small requests that cost much',
  run: async (world) => {
    const collector = await world.collector({ dataDir: await world.dataDir() });
    const sender = world.sender(() => collector, { agent: 'beside', perSecond: 20 });
    await sender.acknowledge(20);
    const held: string[] = [];
    const tooLong: string[] = [];
    for (const [name, type, make] of ATTACKS) {
      const plain = make();
      for (const body of [plain, gzipSync(plain)]) {
        const what = `${name} (${type}, ${body === plain ? 'plain' : 'gzip'})`;
        const ms = await leastHeld(collector, body, type, body !== plain);
        held.push(`${what} ${ms}`);
        // Plain they are no small requests; the system takes its time for so much.
        if (ms > MOST_HELD_MS && body !== plain && make !== longAttributes)
          tooLong.push(`${what}: ${ms} ms`);
      }
      world.say(held.slice(-2).join(', '));
    }
    await sender.acknowledge(100);
    await sender.stop();
    const outcome = await world.settle(sender.acknowledged, collector);
    if (tooLong.length > 0) throw new Error(`held the event loop: ${tooLong.join('; ')}`);
    return { ...outcome, note: `ms of the event loop: ${held.join(', ')}` };
  },
};

async function leastHeld(collector: Collector, body: Buffer, type: string, isGzip: boolean) {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TRIES && least > MOST_HELD_MS / 2; i++) {
    await longestDelay(collector);
    const headers = {
      'content-type': `application/${type}`,
      ...(isGzip && { 'content-encoding': 'gzip' }),
    };
    // It may be refused before all of it was sent.
    await fetch(`${collector.otlpHttp}/v1/traces`, { method: 'POST', headers, body })
      .then((answer) => answer.arrayBuffer())
      .catch(() => undefined);
    // The delay is noted with the next tick of the collector's clock.
    await wait(50);
    least = Math.min(least, await longestDelay(collector));
  }
  return Math.round(least);
}

/** Milliseconds since the last look. */
async function longestDelay({ otlpHttp }: Collector): Promise<number> {
  const text = await (await fetch(`${otlpHttp}/metrics`)).text();
  const found = /^faultline_event_loop_delay_seconds\{quantile="1"\} (\S+)$/m.exec(text)?.[1];
  return Number(found) * 1000;
}

function message(tag: number, body: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = body.length; ; rest >>>= 7) {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    if (rest <= 0x7f) return Buffer.concat([Buffer.from([tag, ...length]), body]);
  }
}

function empty(tag: number, times: number): Buffer {
  return Buffer.alloc(2 * times, Buffer.from([tag, 0]));
}

/** Looking for secrets in what is stored of one span cannot be interrupted: measured only. */
function longAttributes(): Buffer {
  const { protobuf } = makeRequest({ agent: 'large', failures: 1, inputBytes: 10 });
  const text = (tag: number, content: string) => message(tag, Buffer.from(content));
  const attribute = (i: number) =>
    message(
      0x4a,
      Buffer.concat([
        text(0x0a, `gen_ai.k${i}`),
        message(0x12, text(0x0a, 'pass=hunter2 '.repeat(4000))),
      ]),
    );
  const span = Buffer.concat([
    message(0x0a, Buffer.alloc(16, 7)),
    message(0x12, Buffer.alloc(8, 7)),
    text(0x2a, 'execute_node large'),
    message(0x7a, Buffer.from([0x18, 2])),
    ...Array.from({ length: 1000 }, (_, i) => attribute(i)),
  ]);
  return Buffer.concat([protobuf, message(0x0a, message(0x12, message(0x12, span)))]);
}
