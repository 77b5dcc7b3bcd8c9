// A span as OTLP protobuf, written as it ends. What it shares with others (resource and scope) is
// written once and put around the spans of a request.
import type { Attributes, Link, SpanContext } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { lengthBytes, ProtobufWriter } from './protobuf.ts';
import type { Slab } from './slab.ts';

type Scope = ReadableSpan['instrumentationScope'];
type Resource = ReadableSpan['resource'];

/** What spans of one resource and scope have in common. */
export interface Head {
  readonly resource: Resource;
  readonly scope: Scope;
}

/** Bits of `Span.flags`: whether it is known if the parent is remote, and whether it is. */
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

let spare: ProtobufWriter | undefined;
const heads = new WeakMap<Resource, WeakMap<Scope, Head>>();
const fields = new WeakMap<Head, Fields>();

/** What stands around the spans of one head. */
interface Fields {
  readonly resource: Buffer;
  readonly scope: Buffer;
  readonly scopeEnd: Buffer;
  readonly resourceEnd: Buffer;
}

/** The head of a span: the same object for all spans of its resource and scope. */
export function headOf(span: ReadableSpan): Head {
  const { resource, instrumentationScope: scope } = span;
  let ofResource = heads.get(resource);
  if (!ofResource) {
    ofResource = new WeakMap();
    heads.set(resource, ofResource);
  }
  let head = ofResource.get(scope);
  if (!head) {
    head = { resource, scope };
    ofResource.set(scope, head);
  }
  return head;
}

/**
 * The field `spans` of a `ScopeSpans` with this span.
 * @param slab where it lies while it waits. @default Node's pool
 * @throws {Error} if it cannot be encoded
 */
export function encodeSpan(span: ReadableSpan, slab?: Slab): Buffer {
  return written((to) => writeSpan(to, span), slab);
}

/** A request with these spans of one head, each as {@link encodeSpan} gives it, in parts: none is copied. */
export function requestOf(head: Head, spans: readonly Uint8Array[]): Uint8Array[] {
  const { resource, scope, scopeEnd, resourceEnd } = fieldsOf(head);
  let inScope = scope.length + scopeEnd.length;
  for (const span of spans) inScope += span.length;
  const inResource = resource.length + 1 + lengthBytes(inScope) + inScope + resourceEnd.length;
  const start = written((to) => {
    to.begin(1, inResource);
    to.raw(resource);
    to.begin(2, inScope);
    to.raw(scope);
  });
  return [start, ...spans, scopeEnd, resourceEnd].filter(({ length }) => length > 0);
}

/** What an app's own object runs while it is written may end another span: that one gets its own writer. */
function written(write: (to: ProtobufWriter) => void, slab?: Slab): Buffer {
  const writer = spare ?? new ProtobufWriter();
  spare = undefined;
  try {
    writer.start();
    write(writer);
    return writer.take(slab);
  } finally {
    spare = writer;
  }
}

function fieldsOf(head: Head): Fields {
  const known = fields.get(head);
  if (known) return known;
  const { resource, scope } = head;
  const made = {
    resource: written((to) => {
      const start = to.open(1);
      writeAttributes(to, 1, resource.attributes as Attributes);
      to.close(start);
    }),
    scope: written((to) => {
      const start = to.open(1);
      to.text(1, scope.name);
      if (scope.version) to.text(2, scope.version);
      to.close(start);
    }),
    scopeEnd: schemaUrlOf(scope),
    resourceEnd: schemaUrlOf(resource),
  };
  // What detectors still look for comes with a later request.
  if (!resource.asyncAttributesPending) fields.set(head, made);
  return made;
}

function schemaUrlOf({ schemaUrl }: { readonly schemaUrl?: string | undefined }): Buffer {
  return written((to) => {
    if (schemaUrl) to.text(3, schemaUrl);
  });
}

function writeSpan(to: ProtobufWriter, span: ReadableSpan): void {
  const start = to.open(2);
  const { traceId, spanId, traceState, traceFlags } = span.spanContext();
  to.hex(1, traceId);
  to.hex(2, spanId);
  const state = traceState?.serialize();
  if (state) to.text(3, state);
  const parent = span.parentSpanContext;
  if (parent?.spanId) to.hex(4, parent.spanId);
  to.text(5, span.name);
  to.uint(6, span.kind + 1);
  to.time(7, span.startTime);
  to.time(8, span.endTime);
  writeAttributes(to, 9, span.attributes);
  writeCount(to, 10, span.droppedAttributesCount);
  for (const event of span.events) writeEvent(to, event);
  writeCount(to, 12, span.droppedEventsCount);
  for (const link of span.links) writeLink(to, link);
  writeCount(to, 14, span.droppedLinksCount);
  const { code, message } = span.status;
  const status = to.open(15);
  if (message) to.text(2, message);
  if (code !== 0) to.uint(3, code);
  to.close(status);
  to.fixed32(16, flagsOf(traceFlags, parent));
  to.close(start);
}

function writeEvent(to: ProtobufWriter, event: ReadableSpan['events'][number]): void {
  const start = to.open(11);
  to.time(1, event.time);
  to.text(2, event.name);
  if (event.attributes) writeAttributes(to, 3, event.attributes);
  writeCount(to, 4, event.droppedAttributesCount);
  to.close(start);
}

function writeLink(to: ProtobufWriter, link: Link): void {
  const { context } = link;
  const start = to.open(13);
  to.hex(1, context.traceId);
  to.hex(2, context.spanId);
  const state = context.traceState?.serialize();
  if (state) to.text(3, state);
  if (link.attributes) writeAttributes(to, 4, link.attributes);
  writeCount(to, 5, link.droppedAttributesCount);
  to.fixed32(6, flagsOf(context.traceFlags, context));
  to.close(start);
}

function writeCount(to: ProtobufWriter, field: number, count: number | undefined): void {
  if (count) to.uint(field, count);
}

function flagsOf(traceFlags: number, parent: Partial<SpanContext> | undefined): number {
  return (traceFlags & 0xff) | HAS_IS_REMOTE | (parent?.isRemote ? IS_REMOTE : 0);
}

function writeAttributes(to: ProtobufWriter, field: number, attributes: Attributes): void {
  for (const key in attributes) {
    if (!Object.hasOwn(attributes, key)) continue;
    const start = to.open(field);
    to.text(1, key);
    writeValue(to, 2, attributes[key]);
    to.close(start);
  }
}

function writeValue(to: ProtobufWriter, field: number, value: unknown): void {
  const start = to.open(field);
  if (typeof value === 'string') to.text(1, value);
  else if (typeof value === 'boolean') to.uint(2, value ? 1 : 0);
  else if (typeof value === 'number') writeNumber(to, value);
  else if (value instanceof Uint8Array) to.bytes(7, value);
  else if (Array.isArray(value)) {
    const list = to.open(5);
    for (const item of value as unknown[]) writeValue(to, 1, item);
    to.close(list);
  } else if (typeof value === 'object' && value !== null) {
    const list = to.open(6);
    writeAttributes(to, 1, value as Attributes);
    to.close(list);
  }
  to.close(start);
}

function writeNumber(to: ProtobufWriter, value: number): void {
  if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63) to.int(3, value);
  else to.double(4, value);
}
