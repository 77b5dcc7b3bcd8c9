import { addCounts } from '../../instrumentation/redaction/index.ts';
import { failureId } from '../../instrumentation/semconv/failure-id.ts';
import {
  ATTR_ERROR_TYPE,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
  ATTR_FAILURE_CLASS,
  ATTR_FAILURE_CONDITION,
  ATTR_FAILURE_DISPOSITION,
  ATTR_FAILURE_EVIDENCE,
  ATTR_FAILURE_INPUT,
  ATTR_FAILURE_INPUT_DIGEST,
  ATTR_FAILURE_REDACTIONS,
  ATTR_FAILURE_ROOT_SPAN_ID,
  ATTR_FAILURE_SEVERITY,
  ATTR_FAILURE_SITE,
  ATTR_FAILURE_STATE,
  ATTR_FAILURE_TRUNCATED,
  ATTR_GRAPH_NODE_ATTEMPT,
  ATTR_GRAPH_NODE_MAX_ATTEMPTS,
  ATTR_GRAPH_NODE_NAME,
  ATTR_GRAPH_NODE_TYPE,
  ATTR_GRAPH_NODE_VISIT,
  ATTR_GRAPH_RUN_OUTCOME,
  FAILURE_CLASS_VALUES,
  FAILURE_DISPOSITION_VALUES,
  FAILURE_SEVERITY_VALUES,
  FAILURE_SITE_VALUES,
} from '../../instrumentation/semconv/index.ts';
import { EVENT_EXCEPTION, type Resource, type Scope, type Span } from '../decode/span.ts';
import type { Exception } from '../dialects/dialect.ts';
import type { FailureLevel, FailureRow } from '../rows/rows.ts';
import { durationNs, firstCredible, formatTime } from '../rows/time.ts';
import type { AttributeReader } from './attribute-reader.ts';
import { textOf } from './bounds.ts';
import { CLASS_BY_RULE, CLASS_FROM, identify } from './classify/identify.ts';
import { inputDigest } from './digest.ts';
import { type Origin, serviceOf } from './origin.ts';
import type { Role } from './role.ts';
import type { SilentColumns } from './silent-failure.ts';

/** The exception in the span's attributes; what they leave out comes from its last event. */
export function exceptionOf(span: Span, attributes: AttributeReader): Exception {
  const event = span.events.findLast(({ name }) => name === EVENT_EXCEPTION)?.attributes;
  const text = (key: string) => attributes.peek(key) || textOf(event?.get(key));
  return {
    type: text(ATTR_EXCEPTION_TYPE),
    message: text(ATTR_EXCEPTION_MESSAGE),
    stacktrace: text(ATTR_EXCEPTION_STACKTRACE),
  };
}

/**
 * A failed span that names the failure it follows from reports none of its own, and neither does a run
 * with nothing to report but its outcome: one of its nodes failed.
 */
export function hasOwnFailure(
  role: Role,
  attributes: AttributeReader,
  exception: Exception,
): boolean {
  if (attributes.has(ATTR_FAILURE_ROOT_SPAN_ID)) return false;
  if (role !== 'run' || !attributes.has(ATTR_GRAPH_RUN_OUTCOME)) return true;
  return (
    exception.type !== '' ||
    exception.message !== '' ||
    [ATTR_ERROR_TYPE, ATTR_FAILURE_CLASS, ATTR_FAILURE_SITE].some((key) => attributes.has(key))
  );
}

export interface FailedSpan {
  resource: Resource;
  scope: Scope;
  span: Span;
  attributes: AttributeReader;
  level: FailureLevel;
  origin: Origin;
  nodeId: string;
  exception: Exception;
  /** What stands where the span has no attribute of ours. @default nothing */
  reported?: {
    input: string;
    attempt: number;
    maxAttempts: number;
    nodeType: string;
    site: FailureRow['site'];
    /** JSON. */
    evidence: string;
  };
  /** What a condition found of a span that did not fail. @default the span failed */
  silent?: SilentColumns | undefined;
  receivedAt: bigint;
}

export function failureRow(failed: FailedSpan): FailureRow {
  const { span, attributes, origin, nodeId, reported } = failed;
  const error = takeError(failed);
  const service = serviceOf(failed.resource, attributes.redactor.secrets);
  const row: FailureRow = {
    timestamp: formatTime(firstCredible(span.endNs, span.startNs, failed.receivedAt)),
    failure_id: failureId(span.traceId, span.spanId),
    level: failed.level,
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: span.parentSpanId,
    ...origin,
    node_id: nodeId,
    node_name: attributes.text(ATTR_GRAPH_NODE_NAME),
    node_type: attributes.text(ATTR_GRAPH_NODE_TYPE) || (reported?.nodeType ?? ''),
    attempt: attributes.ordinal(ATTR_GRAPH_NODE_ATTEMPT, reported?.attempt ?? 1),
    max_attempts: attributes.ordinal(ATTR_GRAPH_NODE_MAX_ATTEMPTS, reported?.maxAttempts ?? 0),
    visit: attributes.ordinal(ATTR_GRAPH_NODE_VISIT, 0),
    site: attributes.oneOf(ATTR_FAILURE_SITE, FAILURE_SITE_VALUES) || (reported?.site ?? ''),
    class: attributes.oneOf(ATTR_FAILURE_CLASS, FAILURE_CLASS_VALUES) || 'unclassified',
    severity: attributes.oneOf(ATTR_FAILURE_SEVERITY, FAILURE_SEVERITY_VALUES),
    disposition: attributes.oneOf(ATTR_FAILURE_DISPOSITION, FAILURE_DISPOSITION_VALUES),
    condition: attributes.text(ATTR_FAILURE_CONDITION),
    ...error,
    template: '',
    fingerprint: '',
    ...takeInput(attributes, reported?.input),
    graph_state: attributes.text(ATTR_FAILURE_STATE),
    evidence: attributes.text(ATTR_FAILURE_EVIDENCE) || evidenceOf(attributes, reported?.evidence),
    ...failed.silent,
    duration_ns: durationNs(span),
    redactions: attributes.counts(ATTR_FAILURE_REDACTIONS),
    truncated: truncatedOf(attributes),
    attributes: restOf(failed),
    resource_attributes: service.attributes,
    received_at: formatTime(failed.receivedAt),
    ancestor_span_ids: [],
    revision: 1,
    is_deleted: 0,
  };
  identifyRow(row);
  // Only now all has been read.
  addCounts(row.redactions, attributes.redactor.counts);
  addCounts(row.redactions, service.redactor.counts);
  return row;
}

/** The input, and its digest where the executor gave none. */
function takeInput(attributes: AttributeReader, reported: string | undefined) {
  const sent = attributes.text(ATTR_FAILURE_INPUT_DIGEST);
  if (reported === undefined || attributes.has(ATTR_FAILURE_INPUT)) {
    return { input_context: attributes.text(ATTR_FAILURE_INPUT), input_digest: sent };
  }
  attributes.takeValue(reported);
  return {
    input_context: attributes.bounded(ATTR_FAILURE_INPUT, reported),
    input_digest: sent || inputDigest(ATTR_FAILURE_INPUT, reported, attributes.redactor),
  };
}

function evidenceOf(attributes: AttributeReader, reported = ''): string {
  return reported === '' ? '' : attributes.bounded(ATTR_FAILURE_EVIDENCE, reported);
}

/** Fills class, template and fingerprint, and says in the attributes where the class comes from. */
function identifyRow(row: FailureRow): void {
  // Not the span's to say.
  if (CLASS_FROM in row.attributes) delete row.attributes[CLASS_FROM];
  if (CLASS_BY_RULE in row.attributes) delete row.attributes[CLASS_BY_RULE];
  const { class: known, template, fingerprint, marks } = identify(row);
  row.class = known;
  row.template = template;
  row.fingerprint = fingerprint;
  for (const mark in marks) row.attributes[mark] = marks[mark]!;
}

function truncatedOf(attributes: AttributeReader): string[] {
  const sent = attributes.names(ATTR_FAILURE_TRUNCATED);
  const { truncated } = attributes;
  return truncated.size === 0 && sent.length < 2 ? sent : [...new Set([...sent, ...truncated])];
}

/** OTel's value of `error.type` for an error that has no name. */
const OTHER_ERROR = '_OTHER';

function takeError({ span, attributes, exception }: FailedSpan) {
  const sent = attributes.peek(ATTR_ERROR_TYPE);
  const type = (sent === OTHER_ERROR ? exception.type : sent) || exception.type;
  attributes.take(ATTR_ERROR_TYPE);
  attributes.take(ATTR_EXCEPTION_MESSAGE);
  attributes.take(ATTR_EXCEPTION_STACKTRACE);
  // Under another error.type it stays among the attributes.
  if (attributes.peek(ATTR_EXCEPTION_TYPE) === type) attributes.take(ATTR_EXCEPTION_TYPE);
  return {
    error_type: attributes.bounded(ATTR_ERROR_TYPE, type),
    error_message: attributes.bounded(
      ATTR_EXCEPTION_MESSAGE,
      exception.message || span.statusMessage,
    ),
    stack_trace: attributes.bounded(ATTR_EXCEPTION_STACKTRACE, exception.stacktrace),
  };
}

function restOf({ span, scope, attributes }: FailedSpan): Record<string, string> {
  const about: [string, string][] = [];
  if (span.name !== '') about.push(['otel.span.name', span.name]);
  if (scope.name !== '') about.push(['otel.scope.name', scope.name]);
  return attributes.rest(about);
}
