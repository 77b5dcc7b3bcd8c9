// What a span is to a graph of agents, whoever made it.
import {
  ALIASES,
  ATTR_ERROR_TYPE,
  ATTR_EVOLUTION_ID,
  ATTR_EXCEPTION_TYPE,
  ATTR_GRAPH_NODE_ID,
  ATTR_GRAPH_RUN_OUTCOME,
  ATTR_GROUP_EVENT_ID,
  SPAN_CHANGE_GROUP,
  SPAN_EVOLVE_GRAPH,
  SPAN_EXECUTE_GRAPH,
  SPAN_EXECUTE_NODE,
  SPAN_START_GRAPH,
} from '../../instrumentation/semconv/index.ts';
import { keyFlags, MARKED } from '../decode/keep.ts';
import { KIND_INTERNAL, type Span, STATUS_ERROR } from '../decode/span.ts';
import type { AttributeReader } from './attribute-reader.ts';

/** `agent`: a whole agent at work, told by somebody else's span: a run without a run's row. */
export type Role = 'node' | 'run' | 'start' | 'evolution' | 'group_event' | 'agent' | 'operation';

const NAMED_ROLES: Readonly<Record<string, Role>> = {
  [SPAN_EXECUTE_NODE]: 'node',
  [SPAN_EXECUTE_GRAPH]: 'run',
  [SPAN_START_GRAPH]: 'start',
  [SPAN_EVOLVE_GRAPH]: 'evolution',
  [SPAN_CHANGE_GROUP]: 'group_event',
};

const AGENT_OPERATIONS = new Set(['invoke_agent', 'create_agent', 'invoke_workflow']);
const TRACELOOP_ENTITY = 'traceloop.entity.name';
const TRACELOOP_KIND = 'traceloop.span.kind';
const OPENINFERENCE_KIND = 'openinference.span.kind';
/** LangGraph hands these down to whatever runs inside the node. */
const INHERITED_NODE_IDS = [
  'langgraph_node',
  'metadata.langgraph_node',
  'traceloop.association.properties.langgraph_node',
];
/** On spans of a tool or a model, which may have the ids of their node as well. */
const OPERATION_KEYS = [
  'ai.operationId',
  'gen_ai.tool.name',
  'hive.tool.name',
  'hive.llm.model',
  'llm.request.type',
];

/** The role of a span: by its name, else by what its attributes say. */
export function roleOf(span: Span, attributes: AttributeReader): Role {
  const space = span.name.indexOf(' ');
  const named = NAMED_ROLES[space < 0 ? span.name : span.name.slice(0, space)];
  if (named) return named;
  // Before the evolution's id, which the event of a group may name as well.
  if (attributes.has(ATTR_GROUP_EVENT_ID)) return 'group_event';
  if (attributes.has(ATTR_EVOLUTION_ID)) return 'evolution';
  return roleOfOperation(span, attributes) ?? roleOfNode(span, attributes) ?? roleByPlace(span);
}

/** The id of the span's node; '' when it has none. */
export function takeNodeId(attributes: AttributeReader): string {
  if (attributes.peek(ATTR_GRAPH_NODE_ID) !== '') return attributes.text(ATTR_GRAPH_NODE_ID);
  const aliases = ALIASES[ATTR_GRAPH_NODE_ID] ?? [];
  // Traceloop's entity is a node only on a task: elsewhere it is a tool, an agent or a workflow.
  const isTask = attributes.peek(TRACELOOP_KIND) === 'task';
  return attributes.text(
    ATTR_GRAPH_NODE_ID,
    aliases.filter((alias) => isTask || alias !== TRACELOOP_ENTITY),
  );
}

function roleOfOperation(span: Span, attributes: AttributeReader): Role | undefined {
  const operation = attributes.peek('gen_ai.operation.name');
  if (operation !== '') return AGENT_OPERATIONS.has(operation) ? 'agent' : 'operation';
  if (OPERATION_KEYS.some((key) => attributes.has(key))) return 'operation';
  switch (attributes.peek(TRACELOOP_KIND)) {
    case 'workflow':
    case 'agent':
      return 'agent';
    case 'task':
      return isInsideNode(span, attributes) ? 'operation' : 'node';
    case 'tool':
      return 'operation';
  }
  const kind = attributes.peek(OPENINFERENCE_KIND).toUpperCase();
  if (kind !== '' && isInsideNode(span, attributes)) return 'operation';
  if (kind === 'AGENT') return hasNodeId(attributes) ? 'node' : 'agent';
  return kind === '' || kind === 'CHAIN' || kind === 'UNKNOWN' ? undefined : 'operation';
}

/**
 * Whether LangChain's tracers made the span for something inside a LangGraph node: a chain, a router, a
 * parser. The node's own span has the node's name.
 */
function isInsideNode(span: Span, attributes: AttributeReader): boolean {
  const node = INHERITED_NODE_IDS.map((key) => attributes.peek(key)).find((id) => id !== '');
  return node !== undefined && node !== (attributes.peek(TRACELOOP_ENTITY) || span.name);
}

function roleOfNode(span: Span, attributes: AttributeReader): Role | undefined {
  // A client span inside a node may have inherited the node's attributes.
  if (span.kind > KIND_INTERNAL) return 'operation';
  if (hasNodeId(attributes)) return 'node';
  if (attributes.has(ATTR_GRAPH_RUN_OUTCOME)) return 'run';
  return attributes.some((key) => (keyFlags(key) & MARKED) !== 0) ? undefined : 'operation';
}

/** A marked span of no known kind: the outermost is the agent, those within are its operations. */
function roleByPlace(span: Span): Role {
  return span.parentSpanId === '' ? 'agent' : 'operation';
}

function hasNodeId(attributes: AttributeReader): boolean {
  const names = [ATTR_GRAPH_NODE_ID, ...(ALIASES[ATTR_GRAPH_NODE_ID] ?? [])];
  return names.some((name) => name !== TRACELOOP_ENTITY && attributes.peek(name) !== '');
}

/** LangGraph raises these to pause a graph or to steer it; tracers record them as errors. */
const INTERRUPTS = new Set([
  'GraphInterrupt',
  'NodeInterrupt',
  'GraphBubbleUp',
  'GraphDrained',
  'ParentCommand',
]);

/** Says whether the span failed: status ERROR, and neither a pause nor a cancel. */
export function isFailed(span: Span, attributes: AttributeReader, exceptionType: string): boolean {
  if (span.statusCode !== STATUS_ERROR) return false;
  const outcome = attributes.peek(ATTR_GRAPH_RUN_OUTCOME);
  if (outcome === 'paused' || outcome === 'cancelled') return false;
  const types = [
    exceptionType,
    attributes.peek(ATTR_EXCEPTION_TYPE),
    attributes.peek(ATTR_ERROR_TYPE),
  ];
  return !types.some(isInterrupt);
}

/** Whether an exception of this type pauses or steers a graph instead of failing it. */
export function isInterrupt(type: string): boolean {
  return INTERRUPTS.has(type.slice(type.lastIndexOf('.') + 1));
}
