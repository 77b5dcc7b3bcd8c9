// The agent's graph, from a file: Hive's records name the nodes that ran but not the graph. Known are a
// GraphSpec as JSON and an agent's `agent.json`, which holds one under `graph`.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type Snapshot, snapshotOf } from '../../instrumentation/core/snapshot.ts';

const nodeId = z.string().min(1);
/** Edges that a node which succeeded always leaves by. */
const UNCONDITIONAL = new Set(['always', 'on_success']);

const graphSpec = z.object({
  id: z.string().optional(),
  entry_node: z.string().optional(),
  terminal_nodes: z.array(nodeId).default([]),
  pause_nodes: z.array(nodeId).default([]),
  nodes: z.array(z.looseObject({ id: nodeId, node_type: z.string().optional() })).min(1),
  edges: z
    .array(z.looseObject({ source: nodeId, target: nodeId, condition: z.string().optional() }))
    .default([]),
});

/** A graph of Hive: its snapshot, and what tells where a run may end. */
export interface HiveGraph {
  readonly snapshot: Snapshot;
  readonly terminals: readonly string[];
  /** Why a run that ended after this node is not at its end, if so. */
  unfinishedAt(lastNode: string): string | undefined;
}

/**
 * Reads a graph file.
 * @throws {Error} if it cannot be read or is no graph; the message names the file and the field
 */
export function readGraphFile(file: string): HiveGraph {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`graph file ${file}: ${(error as Error).message}`);
  }
  const inner = (json as { graph?: unknown } | null)?.graph;
  const read = graphSpec.safeParse(inner ?? json);
  if (!read.success) {
    const issue = read.error.issues[0]!;
    throw new Error(`graph file ${file}: ${issue.path.join('.') || 'content'}: ${issue.message}`);
  }
  return graphOf(read.data);
}

function graphOf(spec: z.infer<typeof graphSpec>): HiveGraph {
  const snapshot = snapshotOf({
    id: spec.id,
    entry: spec.entry_node,
    terminals: spec.terminal_nodes,
    pauses: spec.pause_nodes,
    nodes: spec.nodes.map(({ node_type: type, ...node }) => ({ ...node, type })),
    edges: spec.edges,
  });
  return graph(snapshot, spec);
}

/** The graph of a snapshot that {@link readGraphFile} made. */
export function graphOfBody(body: string): HiveGraph {
  const known = JSON.parse(body);
  const { terminals, pauses } = known;
  const spec = graphSpec.parse({ ...known, terminal_nodes: terminals, pause_nodes: pauses });
  return graph(snapshotOf(known), spec);
}

function graph(snapshot: Snapshot, spec: z.infer<typeof graphSpec>): HiveGraph {
  const terminals = spec.terminal_nodes;
  const mayEnd = new Set([...terminals, ...spec.pause_nodes]);
  const goesOn = new Set(
    spec.edges
      .filter(({ condition = 'always' }) => UNCONDITIONAL.has(condition))
      .map(({ source }) => source),
  );
  return {
    snapshot,
    terminals,
    unfinishedAt(last) {
      if (terminals.length === 0 || mayEnd.has(last)) return undefined;
      return goesOn.has(last)
        ? `Step budget used up: the run ended at node '${last}', though an edge led on`
        : `Dead end: no edge led on from node '${last}', which is no terminal`;
    },
  };
}
