// The agent's graph, from a file: Hive's records name the nodes that ran but not the graph. Known are a
// GraphSpec as JSON and an agent's `agent.json`, which holds one under `graph`.
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { type Snapshot, snapshotOf } from '../../instrumentation/core/snapshot.ts';

const nodeId = z.string().min(1);
/** Edges that a node which succeeded always leaves by. */
const UNCONDITIONAL = new Set(['always', 'on_success']);

const node = z.looseObject({
  id: nodeId,
  name: z.string().optional().catch(undefined),
  node_type: z.string().optional(),
  input_keys: z.array(z.string()).optional().catch(undefined),
});

const graphSpec = z.object({
  id: z.string().min(1).optional().catch(undefined),
  entry_node: z.string().optional(),
  terminal_nodes: z.array(nodeId).default([]),
  pause_nodes: z.array(nodeId).default([]),
  nodes: z.array(node).min(1),
  edges: z
    .array(z.looseObject({ source: nodeId, target: nodeId, condition: z.string().optional() }))
    .default([]),
});

/** A graph of Hive: its snapshot, and what shows where a run may end. */
export interface HiveGraph {
  readonly snapshot: Snapshot;
  readonly terminals: readonly string[];
  /** Names that runs of the graph may go by: its own id, and those that Hive makes of its folder's name. */
  readonly names: readonly string[];
  has(nodeId: string): boolean;
  /** The id of the node with this name. */
  nodeNamed(name: string): string | undefined;
  /** Keys of the shared memory that a node reads; nothing when the graph does not say. */
  inputsOf(nodeId: string): readonly string[] | undefined;
  /** Why a run that ended after this node is not at its end, if so. */
  unfinishedAt(lastNode: string): string | undefined;
}

/**
 * Reads a graph file: a GraphSpec, an `agent.json`, or the `flowchart.json` that Hive v0.9 writes beside an
 * agent without one.
 * @throws {Error} if it cannot be read or is no graph; the message names the file and the field
 */
export function readGraphFile(file: string): HiveGraph {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`graph file ${file}: ${(error as Error).message}`);
  }
  const outer = json as { graph?: unknown; original_draft?: unknown } | null;
  const read = graphSpec.safeParse(outer?.graph ?? outer?.original_draft ?? json);
  if (!read.success) {
    const issue = read.error.issues[0]!;
    throw new Error(`graph file ${file}: ${issue.path.join('.') || 'content'}: ${issue.message}`);
  }
  const folder = basename(dirname(file));
  const names = folder === '' ? [] : [folder, `${folder}-graph`];
  return graphOf(read.data, names);
}

function graphOf(spec: z.infer<typeof graphSpec>, names: readonly string[]): HiveGraph {
  const snapshot = snapshotOf({
    id: spec.id,
    entry: spec.entry_node,
    terminals: spec.terminal_nodes,
    pauses: spec.pause_nodes,
    nodes: spec.nodes.map(({ node_type: type, ...node }) => ({ ...node, type })),
    edges: spec.edges,
  });
  return graph(snapshot, spec, names);
}

/** The graph of a snapshot that {@link readGraphFile} made. */
export function graphOfBody(body: string): HiveGraph {
  const known = JSON.parse(body);
  const { terminals, pauses } = known;
  const spec = graphSpec.parse({ ...known, terminal_nodes: terminals, pause_nodes: pauses });
  return graph(snapshotOf(known), spec);
}

function graph(
  snapshot: Snapshot,
  spec: z.infer<typeof graphSpec>,
  folderNames: readonly string[] = [],
): HiveGraph {
  const terminals = spec.terminal_nodes;
  const mayEnd = new Set([...terminals, ...spec.pause_nodes]);
  const goesOn = new Set(
    spec.edges
      .filter(({ condition = 'always' }) => UNCONDITIONAL.has(condition))
      .map(({ source }) => source),
  );
  const nodes = new Map(spec.nodes.map((known) => [known.id, known]));
  return {
    snapshot,
    terminals,
    names: spec.id === undefined ? folderNames : [spec.id, ...folderNames],
    has: (id) => nodes.has(id),
    nodeNamed: (name) => spec.nodes.find((known) => known.name === name)?.id,
    inputsOf: (id) => nodes.get(id)?.input_keys,
    unfinishedAt(last) {
      if (terminals.length === 0 || mayEnd.has(last)) return undefined;
      return goesOn.has(last)
        ? `Step budget used up: the run ended at node '${last}', though an edge led on`
        : `Dead end: no edge led on from node '${last}', which is no terminal`;
    },
  };
}
