// What a span of our own conventions is to a graph of agents, whatever made it. Those of other conventions
// are understood by the dialects.
import {
  ATTR_ERROR_TYPE,
  ATTR_EVOLUTION_ID,
  ATTR_EXCEPTION_TYPE,
  ATTR_GRAPH_NODE_ID,
  ATTR_GRAPH_RUN_ID,
  ATTR_GRAPH_RUN_OUTCOME,
  ATTR_GRAPH_SNAPSHOT_REF,
  ATTR_GROUP_EVENT_ID,
  ATTR_VERIFICATION_ID,
  SPAN_CHANGE_GROUP,
  SPAN_EVOLVE_GRAPH,
  SPAN_EXECUTE_GRAPH,
  SPAN_EXECUTE_NODE,
  SPAN_START_GRAPH,
  SPAN_VERIFY_CASE,
} from '../../instrumentation/semconv/index.ts';
import { KIND_INTERNAL, type Span, STATUS_ERROR } from '../decode/span.ts';
import type { Exception } from '../dialects/dialect.ts';
import type { AttributeReader } from './attribute-reader.ts';
import { endingOfException } from './ending.ts';

/** `operation`: a call inside one of our nodes. */
export type Role =
  | 'node'
  | 'run'
  | 'start'
  | 'evolution'
  | 'group_event'
  | 'verification'
  | 'operation';

const NAMED_ROLES: Readonly<Record<string, Role>> = {
  [SPAN_EXECUTE_NODE]: 'node',
  [SPAN_EXECUTE_GRAPH]: 'run',
  [SPAN_START_GRAPH]: 'start',
  [SPAN_EVOLVE_GRAPH]: 'evolution',
  [SPAN_CHANGE_GROUP]: 'group_event',
  [SPAN_VERIFY_CASE]: 'verification',
};

/** Others have an attribute of this name as well, beside one of these. */
const FOREIGN_KINDS = ['openinference.span.kind', 'traceloop.span.kind', 'langsmith.span.kind'];
/** On spans of a tool or a model, which may have the ids of their node as well. */
const OPERATION_KEYS = [
  'gen_ai.operation.name',
  'gen_ai.tool.name',
  'ai.operationId',
  'llm.request.type',
];

const OUR_KEYS = new Set<string>([
  ATTR_GRAPH_NODE_ID,
  ATTR_GRAPH_RUN_ID,
  ATTR_GRAPH_RUN_OUTCOME,
  ATTR_GRAPH_SNAPSHOT_REF,
]);

/** The role of a span: by its name, else by its attributes; undefined when it is none of ours. */
export function roleOf(span: Span, attributes: AttributeReader): Role | undefined {
  const space = span.name.indexOf(' ');
  const named = NAMED_ROLES[space < 0 ? span.name : span.name.slice(0, space)];
  if (named) return named;
  // Before the evolution's id, which these may name as well.
  if (attributes.has(ATTR_VERIFICATION_ID)) return 'verification';
  if (attributes.has(ATTR_GROUP_EVENT_ID)) return 'group_event';
  if (attributes.has(ATTR_EVOLUTION_ID)) return 'evolution';
  if (FOREIGN_KINDS.some((key) => attributes.has(key))) return undefined;
  if (!isOurs(attributes)) return undefined;
  // A client span inside a node may have inherited the node's attributes.
  const isCall = span.kind > KIND_INTERNAL || OPERATION_KEYS.some((key) => attributes.has(key));
  if (isCall) return 'operation';
  if (attributes.peek(ATTR_GRAPH_NODE_ID) !== '') return 'node';
  return attributes.has(ATTR_GRAPH_RUN_OUTCOME) ? 'run' : 'operation';
}

/** Whether the span carries what only our conventions have. */
function isOurs(attributes: AttributeReader): boolean {
  return attributes.some((key) => OUR_KEYS.has(key) || key.startsWith('failure.'));
}

/** Says whether the span failed: status ERROR, and neither a pause nor a cancel. */
export function isFailed(span: Span, attributes: AttributeReader, exception: Exception): boolean {
  if (span.statusCode !== STATUS_ERROR) return false;
  const outcome = attributes.peek(ATTR_GRAPH_RUN_OUTCOME);
  if (outcome === 'paused' || outcome === 'cancelled') return false;
  const types = [attributes.peek(ATTR_EXCEPTION_TYPE), attributes.peek(ATTR_ERROR_TYPE)];
  return endingOfException(exception, ...types) === undefined;
}
