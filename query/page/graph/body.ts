// The nodes and edges of a snapshot, as far as its body has the known shape.
import type { GraphSnapshot } from '../../questions/graphs/schemas.ts';

export interface DrawnNode {
  id: string;
  type: string;
}
export interface DrawnEdge {
  source: string;
  target: string;
  condition: string;
}
export interface Graph {
  nodes: DrawnNode[];
  edges: DrawnEdge[];
  entry: string;
}

const text = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';
const fields = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'object' && item !== null) : [];

/** @returns undefined for a body that is no graph of nodes and edges */
export function graphOf(snapshot: Pick<GraphSnapshot, 'body'>): Graph | undefined {
  let body: { nodes?: unknown; edges?: unknown; entry?: unknown } | null;
  try {
    body = JSON.parse(snapshot.body);
  } catch {
    return undefined;
  }
  const known = new Map(
    fields(body?.nodes)
      .map(({ id, type }) => ({ id: text(id), type: text(type) }))
      .filter(({ id }) => id !== '')
      .map((node) => [node.id, node]),
  );
  if (known.size === 0) return undefined;
  const edges = fields(body?.edges)
    .map(({ source, target, condition }) => ({
      source: text(source),
      target: text(target),
      condition: text(condition),
    }))
    .filter(({ source, target }) => source !== '' && target !== '');
  // Ends such as LangGraph's __end__ are named by edges only.
  for (const id of edges.flatMap(({ source, target }) => [source, target])) {
    if (!known.has(id)) known.set(id, { id, type: '' });
  }
  return { nodes: [...known.values()], edges, entry: text(body?.entry) };
}
