// What a reader may give for any bytes, by way of protobufjs. Text is taken as bytes, so that what is
// not UTF-8 can be compared, and messages that the readers do not look into stay bytes: an item that is
// broken there is no item here, and must not have been kept.
import protobuf from 'protobufjs';
import { isKept, type KeepPolicy, VALUED } from '../../../collector/decode/flags.ts';
import { isNeeded, keyFlags, nameFlags } from '../../../collector/decode/key-flags.ts';
import type { LogRecord } from '../../../collector/decode/log-record.ts';
import type { Attributes, Span, SpanEvent, Value } from '../../../collector/decode/span.ts';
import * as limits from '../../../collector/decode/span.ts';

const SOURCE = `
syntax = "proto3";
message Request { repeated Group groups = 1; }
message Group { repeated bytes resources = 1; repeated Items scope_items = 2; }
message Items { repeated bytes scopes = 1; repeated bytes items = 2; }
message Resource { repeated KeyValue attributes = 1; }
message Scope { bytes name = 1; bytes version = 2; }
message Span {
  bytes trace_id = 1;
  bytes span_id = 2;
  bytes parent_span_id = 4;
  bytes name = 5;
  int64 kind = 6;
  fixed64 start_time_unix_nano = 7;
  fixed64 end_time_unix_nano = 8;
  repeated KeyValue attributes = 9;
  repeated bytes events = 11;
  repeated Link links = 13;
  Status status = 15;
  fixed32 flags = 16;
}
message Event { fixed64 time_unix_nano = 1; bytes name = 2; repeated bytes attributes = 3; }
message EventAttributes { repeated KeyValue attributes = 3; }
message Link { bytes trace_id = 1; bytes span_id = 2; }
message Status { bytes message = 2; int64 code = 3; }
message Record {
  fixed64 time_unix_nano = 1;
  int64 severity_number = 2;
  repeated bytes body = 5;
  repeated KeyValue attributes = 6;
  bytes trace_id = 9;
  bytes span_id = 10;
  fixed64 observed_time_unix_nano = 11;
  bytes event_name = 12;
}
message KeyValue { bytes key = 1; repeated bytes values = 2; }
message AnyValue {
  oneof value {
    bytes string_value = 1;
    int64 bool_value = 2;
    int64 int_value = 3;
    double double_value = 4;
    bytes array_value = 5;
    bytes kvlist_value = 6;
    bytes bytes_value = 7;
  }
}
message ArrayValue { repeated bytes values = 1; }
message KeyValueList { repeated KeyValue values = 1; }
`;

const root = protobuf.parse(SOURCE, { keepCase: false }).root;

// biome-ignore lint/suspicious/noExplicitAny: protobufjs gives untyped objects
type Raw = Record<string, any>;

const BIGGEST = 2n ** 32n - 1n;

/** Takes tags and lengths in more bytes than need be, as the readers do. */
class LenientReader extends protobuf.BufferReader {
  override tag(): number {
    const tag = this.varint();
    if (tag > BIGGEST) throw new RangeError('a tag beyond 32 bits');
    return Number(tag);
  }

  override size(): number {
    const size = this.varint();
    if (size > BIGGEST) throw new RangeError('a length beyond everything');
    return Number(size);
  }

  private varint(): bigint {
    let value = 0n;
    for (let index = 0n; index < 10n; index++) {
      if (this.pos >= this.len) throw new RangeError('the bytes end in a number');
      const byte = this.buf[this.pos++]!;
      value |= BigInt(byte & 127) << (7n * index);
      if (byte < 128) return value;
    }
    throw new RangeError('a number without an end');
  }
}

const decoders = new Map<string, protobuf.Type>();

function decode(name: string, body: Uint8Array): Raw {
  const type = decoders.get(name) ?? root.lookupType(name);
  decoders.set(name, type);
  const options = { longs: String, bytes: Buffer, defaults: true, oneofs: true };
  return type.toObject(type.decode(new LenientReader(body)), options as never);
}

export interface Expected<Item> {
  resource: Attributes;
  scope: { name: string; version: string };
  item: Item;
}

/** The spans that may be kept. @throws when the frame around the spans is broken */
export function expectedSpans(body: Uint8Array, policy: KeepPolicy): Expected<Span>[] {
  return expectedItems(body, (bytes) => {
    const raw = decode('Span', bytes);
    const flags = flagsOf(raw) | nameFlags(text(raw.name));
    const failed = Number(raw.status?.code ?? 0) === limits.STATUS_ERROR ? 1 : 0;
    if (!isId(raw.traceId, 16) || !isId(raw.spanId, 8)) return undefined;
    const isSilent = (flags & 16) !== 0 && Buffer.from(bytes).includes('exception');
    return isKept(flags | failed, policy) || isSilent ? spanOf(raw, isSilent) : undefined;
  });
}

/** The log records that may be kept. @throws when the frame around the records is broken */
export function expectedRecords(body: Uint8Array): Expected<LogRecord>[] {
  return expectedItems(body, (bytes) => {
    const raw = decode('Record', bytes);
    if (!isId(raw.traceId, 16) || !isId(raw.spanId, 8) || (flagsOf(raw) & 8) === 0)
      return undefined;
    return {
      traceId: hex(raw.traceId),
      spanId: hex(raw.spanId),
      timeNs: BigInt(raw.timeUnixNano),
      observedNs: BigInt(raw.observedTimeUnixNano),
      severityNumber: Number(raw.severityNumber),
      eventName: text(raw.eventName),
      body: raw.body.length === 0 ? null : plainValue(raw.body.at(-1), 0),
      attributes: attributesOf(raw.attributes),
    };
  });
}

function expectedItems<Item>(
  body: Uint8Array,
  read: (bytes: Uint8Array) => Item | undefined,
): Expected<Item>[] {
  const out: Expected<Item>[] = [];
  for (const group of decode('Request', body).groups) {
    for (const { scopes, items } of group.scopeItems) {
      for (const bytes of items) {
        const item = readable(() => read(bytes));
        if (item === undefined) continue;
        const resource = decode('Resource', Buffer.concat(group.resources));
        const scope = decode('Scope', Buffer.concat(scopes));
        out.push({
          resource: attributesOf(resource.attributes),
          scope: { name: text(scope.name), version: text(scope.version) },
          item,
        });
      }
    }
  }
  return out;
}

/** What cannot be read is none, and must not have been kept. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function flagsOf(raw: Raw): number {
  return raw.attributes.reduce((flags: number, item: Raw) => {
    const key = text(item.key);
    // Values of other keys are not decoded to see whether the span is kept.
    const isValued = (keyFlags(key) & VALUED) !== 0;
    return flags | keyFlags(key, isValued ? lastJsonValue(item) : undefined);
  }, 0);
}

function isId(bytes: Uint8Array, length: number): boolean {
  return bytes.length === length && bytes.some((byte) => byte !== 0);
}

function spanOf(raw: Raw, isSilent: boolean): Span {
  const isWhole = isSilent || Number(raw.status?.code ?? 0) === limits.STATUS_ERROR;
  const snapshots: SpanEvent[] = [];
  let exception: SpanEvent | undefined;
  for (const bytes of raw.events) {
    const event = decode('Event', bytes);
    const name = text(event.name);
    if (!limits.isReadEvent(name, isWhole)) continue;
    const { attributes } = decode('EventAttributes', bytes);
    const read = { name, timeNs: BigInt(event.timeUnixNano), attributes: attributesOf(attributes) };
    if (name === 'exception') exception = read;
    else if (snapshots.length < limits.MAX_SNAPSHOT_EVENTS) snapshots.push(read);
  }
  const told = raw.attributes.filter(({ key }: Raw) => isWhole || isNeeded(text(key)));
  return {
    traceId: hex(raw.traceId),
    spanId: hex(raw.spanId),
    parentSpanId: hex(raw.parentSpanId),
    name: text(raw.name),
    kind: Number(raw.kind),
    startNs: BigInt(raw.startTimeUnixNano),
    endNs: BigInt(raw.endTimeUnixNano),
    flags: Number(raw.flags ?? 0),
    statusCode: Number(raw.status?.code ?? 0),
    statusMessage: text(raw.status?.message ?? Buffer.alloc(0)),
    attributes: attributesOf(told),
    events: exception ? [...snapshots, exception] : snapshots,
    links: raw.links.slice(0, limits.MAX_LINKS).map((link: Raw) => ({
      traceId: hex(link.traceId),
      spanId: hex(link.spanId),
    })),
  };
}

function attributesOf(list: Raw[]): Attributes {
  const attributes: Attributes = new Map();
  for (const item of list) {
    if (attributes.size >= limits.MAX_ATTRIBUTES) break;
    attributes.set(text(item.key), lastValue(item, 0));
  }
  return attributes;
}

/** As far as flags depend on it, the value as OTLP's JSON has it. */
function lastJsonValue({ values }: Raw): object {
  const read = values.map((bytes: Uint8Array) => decode('AnyValue', bytes));
  const last = read.at(-1);
  const value = values.length === 0 ? null : plainValue(values.at(-1), 0);
  switch (last?.value) {
    case 'stringValue':
      return { stringValue: value };
    case 'intValue':
      return { intValue: value };
    case 'arrayValue':
      return {
        arrayValue: { values: (value as Value[]).map((stringValue) => ({ stringValue })) },
      };
    default:
      return {};
  }
}

/** Of a value that comes twice the last counts; protobuf would merge the two. */
function lastValue({ values }: Raw, depth: number): Value {
  const read = values.map((bytes: Uint8Array) => plainValue(bytes, depth));
  return read.length === 0 ? null : read.at(-1);
}

function plainValue(bytes: Uint8Array, depth: number): Value {
  const raw = decode('AnyValue', bytes);
  switch (raw.value) {
    case 'stringValue':
      return text(raw.stringValue);
    case 'boolValue':
      return raw.boolValue !== '0';
    case 'intValue': {
      const exact = BigInt(raw.intValue);
      return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
    }
    case 'doubleValue':
      return raw.doubleValue;
    case 'bytesValue':
      return Buffer.from(raw.bytesValue).toString('base64');
    case 'arrayValue': {
      if (depth >= limits.MAX_DEPTH) return limits.TOO_DEEP;
      const { values } = decode('ArrayValue', raw.arrayValue);
      return values
        .slice(0, limits.MAX_ITEMS)
        .map((item: Uint8Array) => plainValue(item, depth + 1));
    }
    case 'kvlistValue': {
      if (depth >= limits.MAX_DEPTH) return limits.TOO_DEEP;
      const { values } = decode('KeyValueList', raw.kvlistValue);
      return Object.fromEntries(
        values
          .slice(0, limits.MAX_ITEMS)
          .map((item: Raw) => [text(item.key), lastValue(item, depth + 1)]),
      );
    }
    default:
      return null;
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
