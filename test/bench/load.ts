// Requests as an OTel pipeline would send them: 1,000 spans of 20 attributes, gzip protobuf, from
// OpenTelemetry's own serializer. Every request has ids of its own.
import { gzipSync } from 'node:zlib';
import { SpanStatusCode, type Tracer } from '@opentelemetry/api';
import { recordSpans, toProtobuf } from '../support/sdk-spans.ts';

export const SPANS_PER_REQUEST = 1000;

export interface Mix {
  /** Share of the spans that are failed node attempts, 0 to 1. */
  failed: number;
  /** Share of the spans that are good node attempts, 0 to 1. */
  good: number;
}

const STACK = Array.from(
  { length: 8 },
  (_, i) => `    at step${i} (/app/src/planner/steps/step-${i}.ts:${40 + i}:${7 + i})`,
).join('\n');

const INPUT = JSON.stringify({
  order: 1234,
  items: Array.from({ length: 6 }, (_, i) => ({
    sku: `sku-${1000 + i}`,
    quantity: i,
    note: 'leave it at the side door, please',
  })),
});

function plainAttributes(i: number, count: number): [string, string | number][] {
  const all: [string, string | number][] = [
    ['http.request.method', 'POST'],
    ['http.response.status_code', 200],
    ['url.full', `https://shop.example.com/v1/orders/${i}/items?page=${i % 7}`],
    ['server.address', 'shop.example.com'],
    ['server.port', 443],
    ['network.protocol.version', '1.1'],
    ['user_agent.original', 'planner/1.4.2 (linux; x64)'],
    ['thread.id', i % 16],
    ['code.function.name', 'planner.steps.fetchOrders'],
    ['messaging.system', 'kafka'],
  ];
  for (let j = 0; all.length < count; j++) {
    all.push([`app.attribute_${j}`, `value ${i} of attribute ${j}`]);
  }
  return all.slice(0, count);
}

function attemptAttributes(i: number): [string, string | number][] {
  return [
    ['gen_ai.agent.id', `planner-${i % 5}`],
    ['gen_ai.conversation.id', `session-${i % 50}`],
    ['graph.id', 'orders'],
    ['graph.run.id', `run-${i % 100}`],
    ['graph.snapshot.ref', `sha256:${'5f'.repeat(32)}`],
    ['graph.node.id', `fetch_orders_${i % 9}`],
    ['graph.node.attempt', 1],
  ];
}

function startSpan(tracer: Tracer, i: number, kind: 'plain' | 'good' | 'failed'): void {
  if (kind === 'plain') {
    tracer.startSpan('POST', { attributes: Object.fromEntries(plainAttributes(i, 20)) }).end();
    return;
  }
  const attributes = [...attemptAttributes(i), ...plainAttributes(i, kind === 'good' ? 13 : 4)];
  const span = tracer.startSpan(`execute_node fetch_orders_${i % 9}`, {
    attributes: Object.fromEntries(attributes),
  });
  if (kind === 'failed') {
    const message = `order ${i} could not be fetched after 3 tries`;
    span.setAttributes({
      'error.type': 'FetchError',
      'exception.type': 'FetchError',
      'exception.message': message,
      'exception.stacktrace': `FetchError: ${message}\n${STACK}`,
      'failure.site': 'node.raise',
      'failure.class': 'network.error',
      'failure.disposition': 'retried',
      'failure.input': INPUT,
      'failure.input.digest': 'ab12'.repeat(16),
    });
    span.setStatus({ code: SpanStatusCode.ERROR, message });
  }
  span.end();
}

/** One request's body, before compression. */
export function requestOf({ failed, good }: Mix, spans = SPANS_PER_REQUEST): Buffer {
  const kinds = (i: number): 'plain' | 'good' | 'failed' => {
    if (Math.floor((i + 1) * failed) > Math.floor(i * failed)) return 'failed';
    return Math.floor((i + 1) * good) > Math.floor(i * good) ? 'good' : 'plain';
  };
  return toProtobuf(
    recordSpans((tracer) => {
      for (let i = 0; i < spans; i++) startSpan(tracer, i, kinds(i));
    }),
  );
}

/** As many requests, each with spans of its own, as they go over the wire. */
export function requests(mix: Mix, count: number, spans = SPANS_PER_REQUEST): Buffer[] {
  return Array.from({ length: count }, () => gzipSync(requestOf(mix, spans)));
}
