// Reads an ExportTraceServiceRequest in OTLP's JSON mapping.

import { FAILED, isKept, type KeepPolicy, SILENT } from './flags.ts';
import { arrayAt, enumAt, type JsonObject, objectAt, textAt, uint64At } from './json-fields.ts';
import { flagsOfKeys, isHex, isZero, type JsonItems, readJsonGroups } from './json-groups.ts';
import { readJsonAttributes, wellFormed } from './json-values.ts';
import { isNeeded, keyFlags, nameFlags } from './key-flags.ts';
import {
  EVENT_EXCEPTION,
  isReadEvent,
  MAX_LINKS,
  MAX_SKIPPED_NAME,
  MAX_SNAPSHOT_EVENTS,
  type ReadResult,
  readableResource,
  reject,
  type SkippedFailure,
  type Span,
  type SpanEvent,
  type SpanLink,
  STATUS_ERROR,
  type Visit,
} from './span.ts';
import type { Steps } from './turns.ts';

const FIELDS = ['resourceSpans', 'scopeSpans', 'spans'] as const;
const SPAN_KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].map(
  (kind) => `SPAN_KIND_${kind}`,
);
const STATUS_CODES = ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'];

/**
 * Reads a JSON request and calls `visit` for each span that the policy keeps. An error may come
 * after some visits.
 * @param also flags of good spans that are wanted besides, such as `MODEL`
 * @param skipped takes failed spans that the policy does not keep
 * @throws DecodeError naming the field when the body is not an ExportTraceServiceRequest
 */
export function readJson(
  body: Buffer,
  policy: KeepPolicy,
  visit: Visit<Span>,
  also = 0,
  skipped?: SkippedFailure,
): Steps<ReadResult> {
  const wants: JsonItems<Span>['wants'] = (raw, path, result, resource) => {
    const flags = scanSpan(raw, path);
    if (!hasValidIds(raw, path, result)) return false;
    if (isKept(flags, policy, also) || ((flags & SILENT) !== 0 && hasException(raw, path)))
      return true;
    if ((flags & FAILED) !== 0 && skipped) {
      skipped(
        readableResource(resource),
        wellFormed(textAt(raw, 'name', path).slice(0, MAX_SKIPPED_NAME)),
      );
    }
    return false;
  };
  return readJsonGroups(body, { fields: FIELDS, wants, read: readSpan }, visit);
}

function scanSpan(raw: JsonObject, path: string): number {
  const flags = nameFlags(textAt(raw, 'name', path)) | flagsOfKeys(raw, path, keyFlags);
  return statusCode(raw, path) === STATUS_ERROR ? flags | FAILED : flags;
}

/** Whether the span holds an `exception` event, whatever its status. */
function hasException(raw: JsonObject, path: string): boolean {
  return arrayAt(raw, 'events', path).some(
    (event) => (event as { name?: unknown } | null)?.name === EVENT_EXCEPTION,
  );
}

function hasValidIds(raw: JsonObject, path: string, result: ReadResult): boolean {
  const traceIdValid = isId(textAt(raw, 'traceId', path), 32);
  if (traceIdValid && isId(textAt(raw, 'spanId', path), 16)) return true;
  const [field, digits] = traceIdValid ? ['spanId', 16] : ['traceId', 32];
  reject(result, `${path}.${field} must be ${digits} hex digits, not all zero`);
  return false;
}

function isId(text: string, digits: number): boolean {
  return isHex(text, digits) && !isZero(text);
}

function readSpan(raw: JsonObject, path: string): Span {
  const status = objectAt(raw.status ?? {}, `${path}.status`);
  const code = statusCode(raw, path);
  const attributes = readJsonAttributes(raw, path);
  const isSilent = (flagsOfKeys(raw, path, keyFlags) & SILENT) !== 0 && hasException(raw, path);
  const isWhole = code === STATUS_ERROR || isSilent;
  if (!isWhole) {
    for (const key of attributes.keys()) if (!isNeeded(key)) attributes.delete(key);
  }
  return {
    traceId: textAt(raw, 'traceId', path).toLowerCase(),
    spanId: textAt(raw, 'spanId', path).toLowerCase(),
    parentSpanId: textAt(raw, 'parentSpanId', path).toLowerCase(),
    name: wellFormed(textAt(raw, 'name', path)),
    kind: enumAt(raw, 'kind', path, SPAN_KINDS),
    startNs: uint64At(raw, 'startTimeUnixNano', path),
    endNs: uint64At(raw, 'endTimeUnixNano', path),
    flags: uint32At(raw, 'flags'),
    statusCode: code,
    statusMessage: wellFormed(textAt(status, 'message', `${path}.status`)),
    attributes,
    events: readEvents(raw, path, isWhole),
    links: readLinks(raw, path),
  };
}

function statusCode(raw: JsonObject, path: string): number {
  const status = raw.status ?? undefined;
  if (status === undefined) return 0;
  return enumAt(objectAt(status, `${path}.status`), 'code', `${path}.status`, STATUS_CODES);
}

function readEvents(raw: JsonObject, path: string, whole: boolean): SpanEvent[] {
  const snapshots: SpanEvent[] = [];
  let exception: SpanEvent | undefined;
  arrayAt(raw, 'events', path).forEach((entry, i) => {
    const eventPath = `${path}.events[${i}]`;
    const event = objectAt(entry, eventPath);
    const name = textAt(event, 'name', eventPath);
    if (!isReadEvent(name, whole)) return;
    if (name !== EVENT_EXCEPTION && snapshots.length >= MAX_SNAPSHOT_EVENTS) return;
    const timeNs = uint64At(event, 'timeUnixNano', eventPath);
    const read = { name, timeNs, attributes: readJsonAttributes(event, eventPath) };
    if (name === EVENT_EXCEPTION) exception = read;
    else snapshots.push(read);
  });
  return exception ? [...snapshots, exception] : snapshots;
}

/** A number that is none is no number: the field is only a hint. */
function uint32At(raw: JsonObject, field: string): number {
  const number = Number(raw[field] ?? 0);
  return Number.isInteger(number) && number >= 0 && number < 2 ** 32 ? number : 0;
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
