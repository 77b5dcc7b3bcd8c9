// What the pipeline encodes is what OpenTelemetry's own serializer says of the same span.
import {
  type Attributes,
  ROOT_CONTEXT,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bodyOf } from '../../../instrumentation/delivery/batch.ts';
import { encodeSpan, headOf, requestOf } from '../../../instrumentation/delivery/encode.ts';
import { SlimTracer } from '../../../instrumentation/delivery/tracer.ts';
import { ExportRequest } from '../../collector/decode/otlp-proto.ts';

const ended: ReadableSpan[] = [];
const tracer = new SlimTracer(
  { resource: resourceFromAttributes({ 'service.name': 'é', n: 1 }), scope: { name: 'faultline' } },
  {
    onStart() {},
    onEnd: (span) => ended.push(span),
    forceFlush: async () => {},
    shutdown: async () => {},
  },
);

/** A request without the zeros that one encoder writes and the other leaves out. */
function decoded(body: Uint8Array): unknown {
  const request = ExportRequest.decode(body);
  return ExportRequest.toObject(request, { longs: String, bytes: String, defaults: true });
}

const request = (spans: readonly ReadableSpan[]) =>
  bodyOf(
    spans.map((span) => ({ head: headOf(span), span: encodeSpan(span), bytes: 1, kept: false })),
  );

const attributes = fc.dictionary(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((key) => key !== '__proto__'),
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.string({ minLength: 120, maxLength: 20_000 }),
    fc.boolean(),
    fc.double(),
    fc.maxSafeInteger(),
    fc.constantFrom(2 ** 53, -(2 ** 62), 1e21, 0, -1),
    fc.array(fc.string(), { maxLength: 5 }),
    fc.array(fc.double(), { maxLength: 5 }),
  ),
  { maxKeys: 12 },
);

test('any span', () => {
  const remote = trace.setSpanContext(ROOT_CONTEXT, {
    traceId: 'ab'.repeat(16),
    spanId: 'cd'.repeat(8),
    traceFlags: TraceFlags.NONE,
    isRemote: true,
  });
  fc.assert(
    fc.property(
      fc.string(),
      attributes,
      attributes,
      fc.boolean(),
      fc.integer({ min: 0, max: 4_000_000_000_000 }),
      (name, given, ofEvent, isChild, startTime) => {
        ended.length = 0;
        const span = tracer.startSpan(name, { startTime }, isChild ? remote : ROOT_CONTEXT);
        span.setAttributes(given as Attributes);
        if (isChild) {
          span.addEvent('exception', ofEvent as Attributes, startTime + 1);
          span.addEvent('again');
          span.addLink({
            context: trace.getSpanContext(remote)!,
            attributes: ofEvent as Attributes,
          });
          span.setStatus({ code: SpanStatusCode.ERROR, message: name });
        }
        span.end(startTime + 1.25);
        const expected = ProtobufTraceSerializer.serializeRequest(ended)!;
        expect(decoded(request(ended))).toEqual(decoded(expected));
      },
    ),
    { numRuns: 300 },
  );
});

test('spans of one resource share it in a request; requests read from files go with them', () => {
  ended.length = 0;
  for (const name of ['a', 'b', 'c']) tracer.startSpan(name, {}, ROOT_CONTEXT).end();
  const expected = ProtobufTraceSerializer.serializeRequest(ended)!;
  expect(decoded(request(ended))).toEqual(decoded(expected));
  const [first] = ended;
  const alone = requestOf(headOf(first!), [encodeSpan(first!)]);
  const both = decoded(Buffer.concat([...alone, request(ended)])) as { resourceSpans: unknown[] };
  expect(both.resourceSpans).toHaveLength(2);
});

test('a span in a trace has its id and names its parent; a root has an id of its own', () => {
  ended.length = 0;
  const parent = tracer.startSpan('parent', {}, ROOT_CONTEXT);
  const around = trace.setSpan(ROOT_CONTEXT, parent);
  tracer.startSpan('child', {}, around).end();
  tracer.startSpan('root', { root: true }, around).end();
  const [child, root] = ended;
  expect(child!.spanContext().traceId).toBe(parent.spanContext().traceId);
  expect(child!.parentSpanContext).toEqual(parent.spanContext());
  expect(root!.spanContext().traceId).not.toBe(parent.spanContext().traceId);
  expect(root!.parentSpanContext).toBeUndefined();
});

test('what is no attribute is left out, and an ended span stays as it is', () => {
  ended.length = 0;
  const span = tracer.startSpan('s', {}, ROOT_CONTEXT);
  span.setAttributes({ a: 1, b: undefined, c: { d: 1 } as never, '': 'x' });
  span.recordException(new TypeError('no'));
  span.end(0);
  span.setAttribute('late', 1).addEvent('late').updateName('late');
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
  expect(ended).toHaveLength(1);
  const [told] = ended;
  expect(told!.attributes).toEqual({ a: 1 });
  expect(told!.events.map(({ name, attributes: of }) => [name, of?.['exception.type']])).toEqual([
    ['exception', 'TypeError'],
  ]);
  expect(told!.name).toBe('s');
  expect(told!.status.code).toBe(SpanStatusCode.UNSET);
  // An end before the start is none.
  expect(told!.endTime).toEqual(told!.startTime);
});
