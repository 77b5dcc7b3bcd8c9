import { hash } from 'node:crypto';
import {
  ATTR_GRAPH_NODE_ID,
  ATTR_GRAPH_SNAPSHOT_BODY,
  ATTR_GRAPH_SNAPSHOT_REF,
  MAX_BYTES,
} from '../../instrumentation/semconv/index.ts';
import type { SpanEvent } from '../decode/span.ts';
import type { GraphSnapshotRow } from '../rows/rows.ts';
import { formatTime } from '../rows/time.ts';
import { MAX_NAME_BYTES, textOf } from './bounds.ts';
import type { FieldRedactor } from './field-redactor.ts';
import type { Origin } from './origin.ts';

/**
 * The row of a `graph.snapshot` event, or why there is none: the body must be what its ref says, as
 * it was sent. It is stored without its secrets, under the same ref.
 * @param seenNs Unix time in nanoseconds
 */
export function snapshotRow(
  event: SpanEvent,
  origin: Origin,
  seenNs: bigint,
  redactor: FieldRedactor,
): GraphSnapshotRow | string {
  const ref = textOf(event.attributes.get(ATTR_GRAPH_SNAPSHOT_REF));
  const body = textOf(event.attributes.get(ATTR_GRAPH_SNAPSHOT_BODY));
  const limit = MAX_BYTES[ATTR_GRAPH_SNAPSHOT_BODY];
  const bytes = Buffer.byteLength(body);
  if (bytes > limit) {
    return `${ATTR_GRAPH_SNAPSHOT_BODY} has ${bytes} bytes, more than ${limit}: not stored`;
  }
  if (ref !== `sha256:${hash('sha256', body)}`) {
    return `${ATTR_GRAPH_SNAPSHOT_REF} is not the SHA-256 of ${ATTR_GRAPH_SNAPSHOT_BODY}: not stored`;
  }
  const seen = formatTime(seenNs);
  return {
    ref,
    graph_id: origin.graph_id,
    agent_id: origin.agent_id,
    body: redactor.text(ATTR_GRAPH_SNAPSHOT_BODY, body, MOST_BYTES),
    ...topologyOf(body, redactor),
    first_seen: seen,
    last_seen: seen,
  };
}

/** A body that is no longer than its limit is never cut because of what stands for its secrets. */
const MOST_BYTES = 2 * MAX_BYTES[ATTR_GRAPH_SNAPSHOT_BODY];

/**
 * Node ids and 'source->target' edges of a body in the known shape; otherwise nothing. The ids are
 * redacted as those of failures are.
 */
function topologyOf(body: string, redactor: FieldRedactor): { nodes: string[]; edges: string[] } {
  let graph: unknown;
  try {
    graph = JSON.parse(body);
  } catch {
    return { nodes: [], edges: [] };
  }
  const stored = (id: unknown) =>
    idText(id).map((text) => redactor.id(ATTR_GRAPH_NODE_ID, text, MAX_NAME_BYTES));
  return {
    nodes: items(graph, 'nodes').flatMap((node) => stored(node.id)),
    edges: items(graph, 'edges').flatMap((edge) =>
      stored(edge.source).flatMap((source) =>
        stored(edge.target).map((target) => `${source}->${target}`),
      ),
    ),
  };
}

function items(graph: unknown, field: string): Record<string, unknown>[] {
  const list = (graph as Record<string, unknown> | null)?.[field];
  if (!Array.isArray(list)) return [];
  return list.filter((item) => typeof item === 'object' && item !== null);
}

function idText(id: unknown): string[] {
  // Escapes in the body may spell surrogates that stand alone.
  if (typeof id === 'string') return [id.replace(/\p{Surrogate}/gu, '\ufffd')];
  return typeof id === 'number' ? [String(id)] : [];
}
