// Reads an ExportTraceServiceRequest in OTLP's JSON mapping: hex ids, enums as integers (their names
// are taken too), 64-bit integers as strings or numbers, unknown fields ignored, null as absent.
import { EVENT_GRAPH_SNAPSHOT } from '../../instrumentation/semconv/index.ts';
import { arrayAt, type JsonObject, numberAt, objectAt, textAt, uint64At } from './json-fields.ts';
import { readJsonAttributes, wellFormed } from './json-values.ts';
import { FAILED, isKept, type KeepPolicy, keyFlags, nameFlags } from './keep.ts';
import {
  DecodeError,
  EVENT_EXCEPTION,
  MAX_LINKS,
  MAX_MESSAGES,
  MAX_SNAPSHOT_EVENTS,
  type ReadResult,
  type Resource,
  type Scope,
  type Span,
  type SpanEvent,
  type SpanLink,
  STATUS_ERROR,
  type VisitSpan,
} from './span.ts';

const SPAN_KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].map(
  (kind) => `SPAN_KIND_${kind}`,
);
const STATUS_CODES = ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'];

/**
 * Reads a JSON request and calls `visit` for each span that the policy keeps. An error may come
 * after some visits.
 * @throws DecodeError naming the field when the body is not an ExportTraceServiceRequest
 */
export function readJson(body: Buffer, policy: KeepPolicy, visit: VisitSpan): ReadResult {
  const result: ReadResult = { received: 0, kept: 0, rejected: 0, messages: [] };
  const request = parse(body);
  const groups = arrayAt(request, 'resourceSpans', '');
  groups.forEach((group, i) => {
    readResourceSpans(
      objectAt(group, `resourceSpans[${i}]`),
      `resourceSpans[${i}]`,
      policy,
      visit,
      result,
    );
  });
  return result;
}

function parse(body: Buffer): JsonObject {
  let request: unknown;
  try {
    request = JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new DecodeError(`not JSON: ${(error as Error).message}`);
  }
  return objectAt(request, 'the body');
}

function readResourceSpans(
  group: JsonObject,
  path: string,
  policy: KeepPolicy,
  visit: VisitSpan,
  result: ReadResult,
): void {
  let resource: Resource | undefined;
  arrayAt(group, 'scopeSpans', path).forEach((entry, i) => {
    const scopePath = `${path}.scopeSpans[${i}]`;
    const scopeSpans = objectAt(entry, scopePath);
    let scope: Scope | undefined;
    arrayAt(scopeSpans, 'spans', scopePath).forEach((item, j) => {
      const spanPath = `${scopePath}.spans[${j}]`;
      const raw = objectAt(item, spanPath);
      result.received++;
      const flags = scanSpan(raw, spanPath);
      if (!hasValidIds(raw, spanPath, result) || !isKept(flags, policy)) return;
      result.kept++;
      resource ??= readResource(group, path);
      scope ??= readScope(scopeSpans, scopePath);
      visit(resource, scope, readSpan(raw, spanPath));
    });
  });
}

function scanSpan(raw: JsonObject, path: string): number {
  let flags = nameFlags(textAt(raw, 'name', path));
  if (statusCode(raw, path) === STATUS_ERROR) flags |= FAILED;
  for (const entry of arrayAt(raw, 'attributes', path)) {
    const key = (entry as { key?: unknown } | null)?.key;
    if (typeof key === 'string') flags |= keyFlags(key);
  }
  return flags;
}

function hasValidIds(raw: JsonObject, path: string, result: ReadResult): boolean {
  const traceIdValid = isId(textAt(raw, 'traceId', path), 32);
  if (traceIdValid && isId(textAt(raw, 'spanId', path), 16)) return true;
  result.rejected++;
  if (result.messages.length < MAX_MESSAGES) {
    const [field, digits] = traceIdValid ? ['spanId', 16] : ['traceId', 32];
    result.messages.push(`${path}.${field} must be ${digits} hex digits, not all zero`);
  }
  return false;
}

function isId(text: string, digits: number): boolean {
  return text.length === digits && /^[0-9a-fA-F]+$/.test(text) && !/^0+$/.test(text);
}

function readResource(group: JsonObject, path: string): Resource {
  const raw = objectAt(group.resource ?? {}, `${path}.resource`);
  return { attributes: readJsonAttributes(raw, `${path}.resource`) };
}

function readScope(scopeSpans: JsonObject, path: string): Scope {
  const raw = objectAt(scopeSpans.scope ?? {}, `${path}.scope`);
  return {
    name: wellFormed(textAt(raw, 'name', `${path}.scope`)),
    version: wellFormed(textAt(raw, 'version', `${path}.scope`)),
  };
}

function readSpan(raw: JsonObject, path: string): Span {
  const status = objectAt(raw.status ?? {}, `${path}.status`);
  return {
    traceId: textAt(raw, 'traceId', path).toLowerCase(),
    spanId: textAt(raw, 'spanId', path).toLowerCase(),
    parentSpanId: textAt(raw, 'parentSpanId', path).toLowerCase(),
    name: wellFormed(textAt(raw, 'name', path)),
    kind: enumAt(raw, 'kind', path, SPAN_KINDS),
    startNs: uint64At(raw, 'startTimeUnixNano', path),
    endNs: uint64At(raw, 'endTimeUnixNano', path),
    statusCode: statusCode(raw, path),
    statusMessage: wellFormed(textAt(status, 'message', `${path}.status`)),
    attributes: readJsonAttributes(raw, path),
    events: readEvents(raw, path),
    links: readLinks(raw, path),
  };
}

function statusCode(raw: JsonObject, path: string): number {
  const status = raw.status ?? undefined;
  if (status === undefined) return 0;
  return enumAt(objectAt(status, `${path}.status`), 'code', `${path}.status`, STATUS_CODES);
}

function enumAt(raw: JsonObject, field: string, path: string, names: string[]): number {
  const value = raw[field];
  const named = typeof value === 'string' ? names.indexOf(value) : -1;
  return named >= 0 ? named : numberAt(raw, field, path);
}

function readEvents(raw: JsonObject, path: string): SpanEvent[] {
  const snapshots: SpanEvent[] = [];
  let exception: SpanEvent | undefined;
  arrayAt(raw, 'events', path).forEach((entry, i) => {
    const eventPath = `${path}.events[${i}]`;
    const event = objectAt(entry, eventPath);
    const name = textAt(event, 'name', eventPath);
    if (name !== EVENT_EXCEPTION && name !== EVENT_GRAPH_SNAPSHOT) return;
    if (name !== EVENT_EXCEPTION && snapshots.length >= MAX_SNAPSHOT_EVENTS) return;
    const timeNs = uint64At(event, 'timeUnixNano', eventPath);
    const read = { name, timeNs, attributes: readJsonAttributes(event, eventPath) };
    if (name === EVENT_EXCEPTION) exception = read;
    else snapshots.push(read);
  });
  return exception ? [...snapshots, exception] : snapshots;
}

function readLinks(raw: JsonObject, path: string): SpanLink[] {
  return arrayAt(raw, 'links', path)
    .slice(0, MAX_LINKS)
    .map((entry, i) => {
      const link = objectAt(entry, `${path}.links[${i}]`);
      return {
        traceId: textAt(link, 'traceId', `${path}.links[${i}]`).toLowerCase(),
        spanId: textAt(link, 'spanId', `${path}.links[${i}]`).toLowerCase(),
      };
    });
}
