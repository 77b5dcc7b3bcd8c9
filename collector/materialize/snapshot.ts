import { hash } from 'node:crypto';
import {
  ATTR_GRAPH_SNAPSHOT_BODY,
  ATTR_GRAPH_SNAPSHOT_REF,
  MAX_BYTES,
} from '../../instrumentation/semconv/index.ts';
import type { SpanEvent } from '../otlp/span.ts';
import type { GraphSnapshotRow } from '../rows.ts';
import { textOf } from './bounds.ts';
import type { Origin } from './origin.ts';
import { formatTime } from './time.ts';

/**
 * The row of a `graph.snapshot` event, or why there is none: the body must be what its ref says.
 * @param seenNs Unix time in nanoseconds
 */
export function snapshotRow(
  event: SpanEvent,
  origin: Origin,
  seenNs: bigint,
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
    body,
    ...topologyOf(body),
    first_seen: seen,
    last_seen: seen,
  };
}

/** Node ids and 'source->target' edges of a body in the known shape; otherwise nothing. */
function topologyOf(body: string): { nodes: string[]; edges: string[] } {
  let graph: unknown;
  try {
    graph = JSON.parse(body);
  } catch {
    return { nodes: [], edges: [] };
  }
  return {
    nodes: items(graph, 'nodes').flatMap((node) => idText(node.id)),
    edges: items(graph, 'edges').flatMap((edge) =>
      idText(edge.source).flatMap((source) =>
        idText(edge.target).map((target) => `${source}->${target}`),
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
