// The same spans and log records as the collector's readers give, but by way of a full protobufjs decode.
import type protobuf from 'protobufjs';
import { isNeeded } from '../../../collector/decode/key-flags.ts';
import type { LogRecord } from '../../../collector/decode/log-record.ts';
import type { Attributes, Span, Value } from '../../../collector/decode/span.ts';
import { ExportRequest, LogsRequest } from './otlp-proto.ts';

// biome-ignore lint/suspicious/noExplicitAny: protobufjs gives untyped objects
type Raw = Record<string, any>;

export interface DecodedSpan {
  resource: Attributes;
  scope: { name: string; version: string };
  span: Span;
}

export interface DecodedRecord {
  resource: Attributes;
  scope: { name: string; version: string };
  record: LogRecord;
}

/** Every span of a protobuf request, kept or not, valid or not. */
export function decodeFully(body: Uint8Array): DecodedSpan[] {
  return decode(ExportRequest, body).resourceSpans.flatMap((group: Raw) =>
    group.scopeSpans.flatMap((scopeSpans: Raw) =>
      scopeSpans.spans.map((span: Raw) => ({
        ...originOf(group, scopeSpans),
        span: spanOf(span),
      })),
    ),
  );
}

/** Every log record of a protobuf request, kept or not, valid or not. */
export function decodeLogsFully(body: Uint8Array): DecodedRecord[] {
  return decode(LogsRequest, body).resourceLogs.flatMap((group: Raw) =>
    group.scopeLogs.flatMap((scopeLogs: Raw) =>
      scopeLogs.logRecords.map((record: Raw) => ({
        ...originOf(group, scopeLogs),
        record: recordOf(record),
      })),
    ),
  );
}

function decode(type: protobuf.Type, body: Uint8Array): Raw {
  const options = { longs: String, bytes: Buffer, defaults: true, oneofs: true };
  return type.toObject(type.decode(body), options as never);
}

function originOf(group: Raw, scopeItems: Raw) {
  return {
    resource: attributesOf(group.resource?.attributes ?? []),
    scope: { name: scopeItems.scope?.name ?? '', version: scopeItems.scope?.version ?? '' },
  };
}

function recordOf(raw: Raw): LogRecord {
  return {
    traceId: Buffer.from(raw.traceId).toString('hex'),
    spanId: Buffer.from(raw.spanId).toString('hex'),
    timeNs: BigInt(raw.timeUnixNano),
    observedNs: BigInt(raw.observedTimeUnixNano),
    severityNumber: raw.severityNumber,
    eventName: raw.eventName,
    body: plainValue(raw.body),
    attributes: attributesOf(raw.attributes),
  };
}

function spanOf(raw: Raw): Span {
  const events = raw.events.map((event: Raw) => ({
    name: event.name,
    timeNs: BigInt(event.timeUnixNano),
    attributes: attributesOf(event.attributes),
  }));
  const named = (name: string) => events.filter((event: { name: string }) => event.name === name);
  const attributes = attributesOf(raw.attributes);
  return {
    traceId: Buffer.from(raw.traceId).toString('hex'),
    spanId: Buffer.from(raw.spanId).toString('hex'),
    parentSpanId: Buffer.from(raw.parentSpanId).toString('hex'),
    name: raw.name,
    kind: raw.kind,
    startNs: BigInt(raw.startTimeUnixNano),
    endNs: BigInt(raw.endTimeUnixNano),
    flags: raw.flags ?? 0,
    statusCode: raw.status?.code ?? 0,
    statusMessage: raw.status?.message ?? '',
    attributes: raw.status?.code === 2 ? attributes : onlyNeeded(attributes),
    events: [...named('graph.snapshot').slice(0, 16), ...named('exception').slice(-1)],
    links: raw.links.map((link: Raw) => ({
      traceId: Buffer.from(link.traceId).toString('hex'),
      spanId: Buffer.from(link.spanId).toString('hex'),
    })),
  };
}

function onlyNeeded(attributes: Attributes): Attributes {
  return new Map([...attributes].filter(([key]) => isNeeded(key)));
}

function attributesOf(list: Raw[]): Attributes {
  return new Map(list.map(({ key, value }) => [key, plainValue(value)]));
}

function plainValue(value: Raw | null | undefined): Value {
  switch (value?.value) {
    case 'intValue': {
      const exact = BigInt(value.intValue);
      return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
    }
    case 'bytesValue':
      return Buffer.from(value.bytesValue).toString('base64');
    case 'arrayValue':
      return value.arrayValue.values.map(plainValue);
    case 'kvlistValue':
      return Object.fromEntries(
        value.kvlistValue.values.map((item: Raw) => [item.key, plainValue(item.value)]),
      );
    case undefined:
      return null;
    default:
      return value![value!.value];
  }
}
