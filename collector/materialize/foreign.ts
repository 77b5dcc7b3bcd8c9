// A span of somebody else's instrumentation becomes rows: what the linker needs of it, and its failure as
// far as the span alone shows. Pure, as to-rows.ts.
import { hash } from 'node:crypto';
import {
  ATTR_FAILURE_INPUT,
  ATTR_GEN_AI_AGENT_ID,
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_GRAPH_ID,
  ATTR_GRAPH_NODE_ID,
  ATTR_GRAPH_NODE_NAME,
  ATTR_GRAPH_NODE_TYPE,
  ATTR_GRAPH_RUN_ID,
  ATTR_GRAPH_SNAPSHOT_BODY,
  ATTR_GRAPH_SNAPSHOT_REF,
  EVENT_GRAPH_SNAPSHOT,
} from '../../instrumentation/semconv/index.ts';
import type { Conditions, Returned } from '../conditions/index.ts';
import {
  hasRemoteParent,
  type Resource,
  type Scope,
  type Span,
  STATUS_ERROR,
} from '../decode/span.ts';
import type { Call, Exception, Meaning, Part, SpanView } from '../dialects/dialect.ts';
import { attributeOf, callOf, type Understood } from '../dialects/index.ts';
import type { FailureLevel, Rows, SpanState, TraceSpanRow } from '../rows/rows.ts';
import { durationNs, firstCredible, formatTime } from '../rows/time.ts';
import type { AttributeReader } from './attribute-reader.ts';
import { MAX_NAME_BYTES } from './bounds.ts';
import { endingOf, endingOfException } from './ending.ts';
import { failureRow } from './failure.ts';
import { type Origin, serviceOf } from './origin.ts';
import { returnedBy, silentColumns } from './silent-failure.ts';
import { snapshotRow } from './snapshot.ts';

interface Foreign {
  resource: Resource;
  scope: Scope;
  span: Span;
  attributes: AttributeReader;
  view: SpanView;
  understood: Understood;
  exception: Exception;
  receivedAt: bigint;
  conditions: Conditions;
}

const PARTS: readonly Part[] = ['graph', 'agent', 'node', 'step'];

/** Adds the rows of the span. */
export function addForeignRows(foreign: Foreign, rows: Rows): void {
  const { understood, span, attributes, conditions, view } = foreign;
  const part = understood.part ?? 'operation';
  if (part === 'nothing') return;
  const exception = { ...foreign.exception, ...without(understood.exception) };
  const ended = stateOf(span, attributes, understood, exception);
  const origin = originOf(foreign, part);
  const returned = ended === 'good' ? returnedOf(foreign, part, origin) : undefined;
  const [worst, ...others] = returned === undefined ? [] : conditions.findings(returned);
  const state = worst === undefined ? ended : 'degraded';
  const callKey =
    state === 'good' && conditions.findsRepeatedCalls ? callKeyOf(foreign, returned!) : '';
  if (!PARTS.includes(part) && state === 'good' && callKey === '') return;
  if (understood.graph !== undefined) addSnapshot(foreign, origin, understood.graph, rows);
  rows.trace_spans.push(traceSpan({ ...foreign, exception }, part, state, origin, callKey));
  if (state !== 'failed' && worst === undefined) return;
  rows.failures.push(
    failureRow({
      ...foreign,
      exception,
      level: LEVELS[part],
      origin,
      nodeId: nodeIdOf(attributes, understood, part),
      reported: reportedOf(understood, part === 'operation' ? view : undefined),
      silent: worst && silentColumns([worst, ...others], returned!, attributes),
    }),
  );
}

function returnedOf({ view, understood, span }: Foreign, part: Part, origin: Origin): Returned {
  return returnedBy({
    view,
    understood,
    part,
    service: origin.service_name,
    agent: understood.agentName || origin.agent_id,
    durationNs: durationNs(span),
  });
}

/** Equal for calls of one tool with the same arguments and the same result; '' for all else. */
function callKeyOf({ view, understood }: Foreign, { call, output }: Returned): string {
  const { input = '' } = understood;
  if (call !== 'tool' || input === '' || output === undefined) return '';
  const tool = attributeOf(view, 'toolNames') || view.name;
  return hash('sha256', JSON.stringify([tool, input, output])).slice(0, KEY_DIGITS);
}

const KEY_DIGITS = 32;

const MODEL = 'gen_ai.request.model';

const LEVELS: Readonly<Record<Part, FailureLevel>> = {
  graph: 'graph',
  agent: 'graph',
  node: 'node',
  step: 'operation',
  operation: 'operation',
  nothing: 'operation',
};

/** What the failure's row takes from the dialect where the span has no attribute of ours. */
function reportedOf(
  { input, attempt, maxAttempts, nodeType }: Understood,
  operation: SpanView | undefined,
) {
  const call = operation && callOf(operation);
  return {
    site: call === undefined ? ('' as const) : SITES[call],
    evidence: call === undefined ? '' : calledIn(operation!, call),
    input: input ?? '',
    attempt: attempt ?? 1,
    maxAttempts: maxAttempts ?? 0,
    nodeType: nodeType ?? '',
  };
}

const SITES = { model: 'llm.call', tool: 'tool.call', guardrail: '' } as const;
const OPERATIONS = { model: 'chat', tool: 'execute_tool', guardrail: 'guardrail_check' } as const;

/** Which tool or model was called, as our own spans report it. */
function calledIn(view: SpanView, call: Call): string {
  const target = call === 'tool' ? attributeOf(view, 'toolNames') : view.text(MODEL);
  return JSON.stringify({ operation: OPERATIONS[call], target: target || view.name });
}

function without(exception: Partial<Exception> | undefined): Partial<Exception> {
  return Object.fromEntries(
    Object.entries(exception ?? {}).filter(([, value]) => value !== undefined),
  );
}

function stateOf(
  span: Span,
  attributes: AttributeReader,
  { isFailed = false, outcome }: Understood,
  exception: Exception,
): SpanState {
  if (outcome !== undefined) return outcome;
  const hasFailed = span.statusCode === STATUS_ERROR || isFailed;
  // Some keep the status of a span good whose exception is only a pause.
  if (!hasFailed) return endingOf(exception.type) === 'paused' ? 'paused' : 'good';
  const message = exception.message || span.statusMessage;
  const ending = endingOfException({ ...exception, message }, attributes.peek('error.type'));
  if (ending === undefined) return 'failed';
  return ending === 'steered' ? 'good' : ending;
}

function originOf({ resource, span, attributes, understood }: Foreign, part: Part): Origin {
  const service = serviceOf(resource, attributes.redactor.secrets);
  const bounded = (key: string, text = ''): string =>
    text === '' ? '' : attributes.bounded(key, text);
  const isAgent = part === 'graph' || part === 'agent';
  const agentName = bounded(ATTR_GEN_AI_AGENT_NAME, understood.agentName);
  const agentId = bounded(ATTR_GEN_AI_AGENT_ID, understood.agentId);
  const runId =
    attributes.text(ATTR_GRAPH_RUN_ID, []) || bounded(ATTR_GRAPH_RUN_ID, understood.run);
  return {
    service_name: service.service_name,
    environment: service.environment,
    agent_id:
      service.agent_id ||
      (isAgent || understood.dialect === 'hive' ? agentId : '') ||
      (isAgent ? agentName : '') ||
      service.service_name,
    agent_name: isAgent ? agentName : '',
    session_id:
      attributes.text(ATTR_GEN_AI_CONVERSATION_ID, []) ||
      bounded(ATTR_GEN_AI_CONVERSATION_ID, understood.session),
    run_id: runId || span.traceId,
    graph_id: attributes.text(ATTR_GRAPH_ID, []) || bounded(ATTR_GRAPH_ID, understood.graphId),
    graph_snapshot_ref: attributes.text(ATTR_GRAPH_SNAPSHOT_REF, []) || service.release,
  };
}

function nodeIdOf(attributes: AttributeReader, { nodeId = '' }: Meaning, part: Part): string {
  // Of a run it is only a name that may become a node's.
  if (part === 'graph' || part === 'agent' || nodeId === '') return '';
  return attributes.bounded(ATTR_GRAPH_NODE_ID, nodeId);
}

function addSnapshot(
  { span, attributes, receivedAt }: Foreign,
  origin: Origin,
  graph: NonNullable<Meaning['graph']>,
  rows: Rows,
): void {
  const body = JSON.stringify({
    edges: graph.edges.map(([source, target]) => ({ source, target })),
    id: origin.agent_name,
    nodes: graph.nodes.map((id) => ({ id })),
  });
  const ref = `sha256:${hash('sha256', body)}`;
  const timeNs = firstCredible(span.startNs, span.endNs, receivedAt);
  const row = snapshotRow(
    {
      name: EVENT_GRAPH_SNAPSHOT,
      timeNs,
      attributes: new Map([
        [ATTR_GRAPH_SNAPSHOT_REF, ref],
        [ATTR_GRAPH_SNAPSHOT_BODY, body],
      ]),
    },
    origin,
    timeNs,
    attributes.redactor,
  );
  // A graph too large to be stored is no version either.
  if (typeof row === 'string') return;
  rows.graph_snapshots.push(row);
  origin.graph_snapshot_ref = ref;
}

function traceSpan(
  { span, resource, attributes, understood, receivedAt }: Foreign,
  part: Part,
  state: SpanState,
  origin: Origin,
  callKey: string,
): TraceSpanRow {
  const service = serviceOf(resource, attributes.redactor.secrets);
  const id = (key: string, text = ''): string =>
    text === '' ? '' : attributes.redactor.id(key, text, MAX_NAME_BYTES);
  const isAgent = part === 'graph' || part === 'agent';
  const namesAgent = understood.dialect === 'hive' || isAgent;
  return {
    timestamp: formatTime(firstCredible(span.endNs, span.startNs, receivedAt)),
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: span.parentSpanId,
    ancestor_span_ids: [],
    is_top: span.parentSpanId === '' || hasRemoteParent(span) ? 1 : 0,
    service_name: origin.service_name,
    environment: origin.environment,
    dialect: understood.dialect,
    part,
    name: id('name', span.name),
    state,
    duration_ns: durationNs(span),
    agent_id: service.agent_id || (namesAgent ? id(ATTR_GEN_AI_AGENT_ID, understood.agentId) : ''),
    agent_name: id(ATTR_GEN_AI_AGENT_NAME, understood.agentName),
    session_id: origin.session_id,
    run_id: origin.run_id === span.traceId ? '' : origin.run_id,
    graph_id: origin.graph_id,
    graph_snapshot_ref: origin.graph_snapshot_ref,
    node_id: id(ATTR_GRAPH_NODE_ID, understood.nodeId),
    node_name: attributes.text(ATTR_GRAPH_NODE_NAME),
    node_type: id(ATTR_GRAPH_NODE_TYPE, understood.nodeType),
    visit_key: callKey || id('visit', understood.visitKey),
    attempt: understood.attempt ?? 0,
    max_attempts: understood.maxAttempts ?? 0,
    is_status_silent: understood.isStatusSilent ? 1 : 0,
    outcome: '',
    input_context:
      (state === 'failed' || state === 'degraded') && understood.input !== undefined
        ? attributes.bounded(ATTR_FAILURE_INPUT, understood.input)
        : '',
    received_at: formatTime(receivedAt),
    linked: '',
    revision: 1,
  };
}
