// Reads an ExportLogsServiceRequest in protobuf.
import type { Cursor } from './cursor.ts';
import { EXCEPTION } from './flags.ts';
import type { LogReadResult, LogRecord } from './log-record.ts';
import { readGroups, WANTED } from './protobuf-groups.ts';
import { BAD_SPAN_ID, BAD_TRACE_ID } from './scan.ts';
import { LOG_ATTRIBUTE, LOG_SPAN_ID, LOG_TRACE_ID, scanLogRecord, UNTIED } from './scan-log.ts';
import { type ReadResult, reject, type Visit } from './span.ts';
import type { Steps } from './turns.ts';
import { readAttribute, readValue } from './values.ts';

// Tags: field number << 3 | wire type. A known field with another wire type is an unknown field.
const LOG_TIME = 0x09;
const LOG_SEVERITY = 0x10;
const LOG_BODY = 0x2a;
const LOG_OBSERVED = 0x59;
const LOG_EVENT_NAME = 0x62;

/**
 * Reads a protobuf request and calls `visit` for each record that reports a span's exception. An
 * error may come after some visits.
 * @throws DecodeError with the byte offset when the body is not an ExportLogsServiceRequest
 */
export function* readProtobufLogs(body: Buffer, visit: Visit<LogRecord>): Steps<LogReadResult> {
  let untied = 0;
  const wants = (cursor: Cursor, end: number, result: ReadResult): number => {
    const flags = scanLogRecord(cursor, end);
    if ((flags & EXCEPTION) === 0) return 0;
    if ((flags & BAD_TRACE_ID) !== 0) rejectRecord(result, 'trace_id', 16);
    else if ((flags & BAD_SPAN_ID) !== 0) rejectRecord(result, 'span_id', 8);
    else if ((flags & UNTIED) !== 0) untied++;
    else return WANTED;
    return 0;
  };
  const result = yield* readGroups(body, { wants, read: readRecord }, visit);
  return { ...result, untied };
}

function rejectRecord(result: ReadResult, field: string, bytes: number): void {
  reject(
    result,
    `log record ${result.received} of the request: ${field} must be ${bytes} bytes or absent`,
  );
}

function readRecord(cursor: Cursor, end: number): LogRecord {
  const record: LogRecord = {
    traceId: '',
    spanId: '',
    timeNs: 0n,
    observedNs: 0n,
    severityNumber: 0,
    eventName: '',
    body: null,
    attributes: new Map(),
  };
  while (cursor.pos < end) {
    const tag = cursor.readTag();
    if (tag === LOG_ATTRIBUTE) readAttribute(cursor, cursor.readEnd(end), record.attributes);
    else if (tag === LOG_BODY) record.body = readValue(cursor, cursor.readEnd(end));
    else if (tag === LOG_TRACE_ID) record.traceId = cursor.readHex(end);
    else if (tag === LOG_SPAN_ID) record.spanId = cursor.readHex(end);
    else if (tag === LOG_TIME) record.timeNs = cursor.readFixed64BigInt(end);
    else if (tag === LOG_OBSERVED) record.observedNs = cursor.readFixed64BigInt(end);
    else if (tag === LOG_SEVERITY) record.severityNumber = Number(cursor.readInt64());
    else if (tag === LOG_EVENT_NAME) record.eventName = cursor.readText(end);
    else cursor.skipField(tag, end);
  }
  cursor.endAt(end);
  return record;
}
