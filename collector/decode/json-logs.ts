// Reads an ExportLogsServiceRequest in OTLP's JSON mapping.

import { EXCEPTION } from './flags.ts';
import { enumAt, type JsonObject, textAt, uint64At } from './json-fields.ts';
import { flagsOfKeys, isHex, isZero, readJsonGroups } from './json-groups.ts';
import { readJsonAttributes, readJsonValue, wellFormed } from './json-values.ts';
import { keyFlags } from './key-flags.ts';
import type { LogReadResult, LogRecord } from './log-record.ts';
import { type ReadResult, reject, type Visit } from './span.ts';
import type { Steps } from './turns.ts';

const FIELDS = ['resourceLogs', 'scopeLogs', 'logRecords'] as const;
const SEVERITIES = [
  'UNSPECIFIED',
  ...['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].flatMap((level) => [
    level,
    `${level}2`,
    `${level}3`,
    `${level}4`,
  ]),
].map((severity) => `SEVERITY_NUMBER_${severity}`);

/**
 * Reads a JSON request and calls `visit` for each record that reports a span's exception. An error
 * may come after some visits.
 * @throws DecodeError naming the field when the body is not an ExportLogsServiceRequest
 */
export function* readJsonLogs(body: Buffer, visit: Visit<LogRecord>): Steps<LogReadResult> {
  let untied = 0;
  const wants = (raw: JsonObject, path: string, result: ReadResult): boolean => {
    if ((flagsOfKeys(raw, path, keyFlags) & EXCEPTION) === 0) return false;
    const traceId = textAt(raw, 'traceId', path);
    const spanId = textAt(raw, 'spanId', path);
    if (isWrong(traceId, 32)) rejectRecord(result, `${path}.traceId`, 32);
    else if (isWrong(spanId, 16)) rejectRecord(result, `${path}.spanId`, 16);
    else if (isZero(traceId) || isZero(spanId)) untied++;
    else return true;
    return false;
  };
  const result = yield* readJsonGroups(body, { fields: FIELDS, wants, read: readRecord }, visit);
  return { ...result, untied };
}

/** An id may be absent; one that is there must be whole. */
function isWrong(id: string, digits: number): boolean {
  return id !== '' && !isHex(id, digits);
}

function rejectRecord(result: ReadResult, field: string, digits: number): void {
  reject(result, `${field} must be ${digits} hex digits or absent`);
}

function readRecord(raw: JsonObject, path: string): LogRecord {
  return {
    traceId: textAt(raw, 'traceId', path).toLowerCase(),
    spanId: textAt(raw, 'spanId', path).toLowerCase(),
    timeNs: uint64At(raw, 'timeUnixNano', path),
    observedNs: uint64At(raw, 'observedTimeUnixNano', path),
    severityNumber: enumAt(raw, 'severityNumber', path, SEVERITIES),
    eventName: wellFormed(textAt(raw, 'eventName', path)),
    body: readJsonValue(raw.body ?? {}, `${path}.body`),
    attributes: readJsonAttributes(raw, path),
  };
}
