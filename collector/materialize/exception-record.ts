// A log record that reports a span's exception becomes a row. Pure: no clock, no I/O, the same record
// always gives the same row.
import { addCounts } from '../../instrumentation/redaction/index.ts';
import {
  ATTR_ERROR_TYPE,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
  ATTR_FAILURE_REDACTIONS,
  ATTR_FAILURE_TRUNCATED,
  ATTR_GRAPH_NODE_ID,
} from '../../instrumentation/semconv/index.ts';
import { MARKED } from '../decode/flags.ts';
import { keyFlags } from '../decode/key-flags.ts';
import type { LogRecord } from '../decode/log-record.ts';
import type { Resource, Scope } from '../decode/span.ts';
import type { ExceptionRecordRow } from '../rows/rows.ts';
import { firstCredible, formatTime } from '../rows/time.ts';
import { AttributeReader } from './attribute-reader.ts';
import { type Secrets, STANDARD_SECRETS } from './field-redactor.ts';
import { serviceOf, takeOrigin } from './origin.ts';
import { recordId } from './record-id.ts';

/** Where those put an event's name who have no field for it. */
const EVENT_NAME = 'event.name';
/** `LogRecord.severity_number` of the worst. */
const MAX_SEVERITY = 24;

/** Whether a record has a time that can be true. */
export function isTimedRecord({ timeNs, observedNs }: LogRecord): boolean {
  return firstCredible(timeNs, observedNs, 0n) !== 0n;
}

/**
 * The row of a record. Without a message of its own, the exception's is the body's text.
 * @param receivedAt Unix time in nanoseconds; stands for times that the record does not have
 * @param secrets what finds secrets @default the built-in redaction
 */
export function exceptionRecordRow(
  resource: Resource,
  scope: Scope,
  record: LogRecord,
  receivedAt: bigint,
  secrets: Secrets = STANDARD_SECRETS,
): ExceptionRecordRow {
  const attributes = new AttributeReader(record.attributes, secrets);
  const eventName = record.eventName || attributes.peek(EVENT_NAME);
  attributes.take(EVENT_NAME);
  const content = {
    timestamp: formatTime(firstCredible(record.timeNs, record.observedNs, receivedAt)),
    trace_id: record.traceId,
    span_id: record.spanId,
    event_name: attributes.bounded(EVENT_NAME, eventName),
    severity_number: severityOf(record),
    ...takeException(record, attributes),
  };
  const row: ExceptionRecordRow = {
    ...content,
    record_id: recordId(content),
    ...takeOrigin(resource, record, attributes),
    node_id: attributes.text(ATTR_GRAPH_NODE_ID),
    is_marked: isMarked(scope, eventName, attributes),
    redactions: attributes.counts(ATTR_FAILURE_REDACTIONS),
    truncated: [...new Set([...attributes.names(ATTR_FAILURE_TRUNCATED), ...attributes.truncated])],
    attributes: attributes.rest(scope.name === '' ? [] : [['otel.scope.name', scope.name]]),
    resource_attributes: serviceOf(resource, secrets).attributes,
    received_at: formatTime(receivedAt),
  };
  // Only now all has been read.
  addCounts(row.redactions, attributes.redactor.counts);
  return row;
}

function takeException(record: LogRecord, attributes: AttributeReader) {
  const body = typeof record.body === 'string' ? record.body : '';
  return {
    // With an exception's type, another error.type stays among the attributes.
    error_type: attributes.text(ATTR_EXCEPTION_TYPE, [ATTR_ERROR_TYPE]),
    error_message:
      attributes.text(ATTR_EXCEPTION_MESSAGE) || attributes.bounded(ATTR_EXCEPTION_MESSAGE, body),
    stack_trace: attributes.text(ATTR_EXCEPTION_STACKTRACE),
  };
}

function severityOf({ severityNumber }: LogRecord): number {
  return severityNumber >= 0 && severityNumber <= MAX_SEVERITY ? severityNumber : 0;
}

/** Words in the scope names of agent frameworks and of what instruments them or language models. */
const MARKED_SCOPES = new Set([
  'faultline',
  'hive',
  'openinference',
  'traceloop',
  'openllmetry',
  'genai',
  'ai',
  'langchain',
  'langgraph',
  'llamaindex',
  'crewai',
  'autogen',
  'mastra',
  'agents',
  'openai',
  'anthropic',
  'bedrock',
  'vertexai',
  'mistralai',
  'cohere',
  'ollama',
  'mcp',
]);

function isMarked(scope: Scope, eventName: string, attributes: AttributeReader): boolean {
  const isMarkedName = (name: string): boolean => (keyFlags(name) & MARKED) !== 0;
  return (
    isMarkedName(eventName) ||
    attributes.some(isMarkedName) ||
    scope.name
      .toLowerCase()
      .split(/[^a-z0-9]+/)
      .some((word) => MARKED_SCOPES.has(word))
  );
}
