// Spans per CPU-second through the collector's reader against a full protobufjs decode of the same
// bytes, and on through toRows.
import { SpanStatusCode, type Tracer } from '@opentelemetry/api';
import { readProtobuf } from '../../collector/decode/protobuf.ts';
import { atOnce } from '../../collector/decode/turns.ts';
import { toRows } from '../../collector/materialize/to-rows.ts';
import { ExportRequest } from '../collector/decode/otlp-proto.ts';
import { recordSpans, toProtobuf } from '../support/sdk-spans.ts';

export const name = 'Reader: spans per CPU-second, 1,000-span requests, 20 attributes a span';

const SPANS = 1000;
/** CPU time per measurement. */
const MEASURE_MS = 700;
const ROUNDS = 5;

const STACK = Array.from(
  { length: 7 },
  (_, i) => `    at step${i} (/app/src/planner/steps/step-${i}.ts:${40 + i}:${7 + i})`,
).join('\n');

function attributesOf(i: number): Record<string, string | number | boolean> {
  const attributes: Record<string, string | number | boolean> = {
    'http.request.method': 'POST',
    'http.response.status_code': 200,
    'url.full': `https://api.example.com/v1/orders/${i}/items?page=${i % 7}`,
    'server.address': 'api.example.com',
    'server.port': 443,
    'network.protocol.version': '1.1',
    'user_agent.original': 'planner/1.4.2 (linux; x64)',
    'thread.id': i % 16,
    'code.function.name': 'planner.steps.fetchOrders',
    'messaging.system': 'kafka',
  };
  for (let j = 0; j < 10; j++) attributes[`app.attribute_${j}`] = `value ${i} of attribute ${j}`;
  return attributes;
}

/** A request in which this share of the spans are failed node attempts. */
function request(failedShare: number): Buffer {
  const every = failedShare === 0 ? Number.POSITIVE_INFINITY : Math.round(1 / failedShare);
  const record = (tracer: Tracer) => {
    for (let i = 0; i < SPANS; i++) {
      const failed = i % every === 0 && failedShare > 0;
      const base = Object.entries(attributesOf(i));
      const attributes = failed
        ? {
            ...Object.fromEntries(base.slice(0, 15)),
            'gen_ai.agent.id': 'planner',
            'graph.id': 'orders',
            'graph.run.id': `run-${i % 10}`,
            'graph.node.id': 'fetch_orders',
            'graph.node.attempt': 1,
          }
        : Object.fromEntries(base);
      const span = tracer.startSpan(failed ? 'execute_node fetch_orders' : 'POST', { attributes });
      if (failed) {
        const message = `order ${i} could not be fetched after 3 tries`;
        span.addEvent('exception', {
          'exception.type': 'FetchError',
          'exception.message': message,
          'exception.stacktrace': `FetchError: ${message}\n${STACK}`,
        });
        span.setStatus({ code: SpanStatusCode.ERROR, message });
      }
      span.end();
    }
  };
  return toProtobuf(recordSpans(record));
}

const decoders: Record<string, (body: Buffer) => unknown> = {
  'lazy reader': (body) => atOnce(readProtobuf(body, 'agents', () => {})),
  'lazy reader + toRows': (body) =>
    atOnce(
      readProtobuf(body, 'agents', (resource, scope, span) => toRows(resource, scope, span, 1n)),
    ),
  'protobufjs decode': (body) => ExportRequest.decode(body),
};

/** Spans per second of CPU time (user and system) of this process, collector of garbage included. */
function spansPerCpuSecond(decode: (body: Buffer) => unknown, body: Buffer): number {
  const start = process.cpuUsage();
  let requests = 0;
  let micros = 0;
  while (micros < MEASURE_MS * 1000) {
    for (let i = 0; i < 5; i++) decode(body);
    requests += 5;
    const { user, system } = process.cpuUsage(start);
    micros = user + system;
  }
  return (requests * SPANS * 1e6) / micros;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

export async function run(): Promise<void> {
  const table: Record<string, Record<string, string>> = {};
  const results: { share: number; decoder: string; rate: number }[] = [];
  for (const share of [0, 0.05, 1]) {
    const body = request(share);
    const rates = new Map(Object.keys(decoders).map((decoder) => [decoder, [] as number[]]));
    // One round warms up; the decoders take turns, so that what else the machine does hits all.
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [decoder, decode] of Object.entries(decoders)) {
        globalThis.gc?.();
        const rate = spansPerCpuSecond(decode, body);
        if (round > 0) rates.get(decoder)!.push(rate);
      }
    }
    for (const [decoder, all] of rates) results.push({ share, decoder, rate: median(all) });
    const full = results.findLast((result) => result.decoder === 'protobufjs decode')!.rate;
    for (const { decoder, rate } of results.filter((result) => result.share === share)) {
      table[`${share * 100} % failures, ${decoder}`] = {
        'spans/CPU-s': Math.round(rate).toLocaleString('en'),
        'MB/CPU-s': Math.round((rate * body.length) / SPANS / 1e6).toLocaleString('en'),
        'against full decode': `${(rate / full).toFixed(1)} x`,
      };
    }
  }
  console.table(table);
  const peak = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(`Node ${process.version}, peak memory of the process ${peak} MiB`);
}
