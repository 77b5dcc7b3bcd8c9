// A seeded agent that answers refund requests: no model, no waiting, only the spans of its runs.
import {
  type Attributes,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
} from '@opentelemetry/api';
import { snapshotOf } from '../../../instrumentation/index.ts';
import * as semconv from '../../../instrumentation/semconv/index.ts';

export const agentId = 'refund-agent';
export const failingNode = 'decide_refund';

/** A version of the agent's graph and how often its middle node gets the amount wrong. */
export interface Version {
  graph: {
    id: string;
    nodes: { id: string; type: string; [key: string]: unknown }[];
    edges: object[];
  };
  failureRate: number;
}

/** @param decide what the middle node is made of */
export function versionOf(decide: Record<string, unknown>, failureRate: number): Version {
  return {
    graph: {
      id: 'refunds',
      nodes: [
        { id: 'read_request', type: 'llm' },
        { id: failingNode, type: 'llm', ...decide },
        { id: 'reply', type: 'llm' },
      ],
      edges: [
        { source: 'read_request', target: failingNode },
        { source: failingNode, target: 'reply' },
      ],
    },
    failureRate,
  };
}

/** Uniform numbers in [0, 1), the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const ATTEMPTS = 2;
const RUN_MS = 1000;
const NODE_MS = 200;

/**
 * Emits runs one after the other. A request that is answered wrong once is mostly answered wrong at the
 * second attempt, too: attempts of one run are not independent.
 *
 * @param start time of the first run, milliseconds since 1970
 */
export function emitRuns(
  tracer: Tracer,
  random: () => number,
  { graph, failureRate }: Version,
  { runs, start }: { runs: number; start: number },
): void {
  const snapshot = snapshotOf(graph);
  for (let run = 0; run < runs; run += 1) {
    const shared = {
      [semconv.ATTR_GEN_AI_AGENT_ID]: agentId,
      [semconv.ATTR_GRAPH_ID]: graph.id,
      [semconv.ATTR_GRAPH_RUN_ID]: `${snapshot.ref.slice(7, 15)}-${run}`,
      [semconv.ATTR_GRAPH_SNAPSHOT_REF]: snapshot.ref,
    };
    let now = start + run * RUN_MS;
    const whole = emit(tracer, `${semconv.SPAN_EXECUTE_GRAPH} ${graph.id}`, shared, now);
    if (run === 0) {
      whole.addEvent(semconv.EVENT_GRAPH_SNAPSHOT, {
        [semconv.ATTR_GRAPH_SNAPSHOT_REF]: snapshot.ref,
        [semconv.ATTR_GRAPH_SNAPSHOT_BODY]: snapshot.body,
      });
    }
    const attempt = (node: string, number: number, failed: boolean) => {
      const span = emit(
        tracer,
        `${semconv.SPAN_EXECUTE_NODE} ${node}`,
        {
          ...shared,
          [semconv.ATTR_GRAPH_NODE_ID]: node,
          [semconv.ATTR_GRAPH_NODE_ATTEMPT]: number,
          ...(failed ? failureOf(1000 + Math.floor(random() * 9000), number) : {}),
        },
        now,
      );
      if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
      now += NODE_MS;
      span.end(now);
    };
    attempt('read_request', 1, false);
    let wrong = random() < failureRate;
    attempt(failingNode, 1, wrong);
    if (wrong) {
      wrong = random() < 0.8;
      attempt(failingNode, ATTEMPTS, wrong);
    }
    if (!wrong) attempt('reply', 1, false);
    whole.setAttribute(semconv.ATTR_GRAPH_RUN_OUTCOME, wrong ? 'truncated' : 'success');
    whole.end(now);
  }
}

function emit(tracer: Tracer, name: string, attributes: Attributes, startTime: number): Span {
  return tracer.startSpan(name, { kind: SpanKind.INTERNAL, root: true, startTime, attributes });
}

function failureOf(order: number, attempt: number): Attributes {
  return {
    [semconv.ATTR_ERROR_TYPE]: 'OutputValidationError',
    [semconv.ATTR_EXCEPTION_TYPE]: 'OutputValidationError',
    [semconv.ATTR_EXCEPTION_MESSAGE]: `refund of order ${order}: amount is not a number`,
    [semconv.ATTR_FAILURE_CLASS]: 'output.invalid',
    [semconv.ATTR_FAILURE_SITE]: 'node.result',
    [semconv.ATTR_FAILURE_DISPOSITION]: attempt < ATTEMPTS ? 'retried' : 'terminal',
    [semconv.ATTR_FAILURE_INPUT]: JSON.stringify({ order }),
  };
}
