// The topology of a compiled LangGraph graph, with hashes of its functions, so that a changed node is
// a changed version even where no edge moved.
import { createHash } from 'node:crypto';
import { readProperty } from '../../core/exception.ts';
import { guarded } from '../../core/guard.ts';
import { type Snapshot, snapshotOf } from '../../core/snapshot.ts';
import type { Compiled, PregelNode, RetryPolicy } from './internal-types.ts';

interface GraphBody {
  id: string;
  nodes: NodeBody[];
  edges: EdgeBody[];
  entry?: string;
  terminals?: string[];
}

interface NodeBody {
  id: string;
  type: string;
  code?: string | undefined;
  retry_policy?: object | undefined;
  error_handler?: string | undefined;
  subgraph?: GraphBody | undefined;
}

interface EdgeBody {
  source: string;
  target: string;
  condition?: string | undefined;
  code?: string | undefined;
}

const START = '__start__';
const END = '__end__';
const UNNAMED = 'LangGraph';
const MAX_NESTING = 8;

// `withConfig()` gives a new compiled object around the same nodes, so the nodes are the key.
const known = new WeakMap<object, Map<string, Snapshot>>();

/**
 * The snapshot of a compiled graph: `{id, nodes:[{id,type,code?,retry_policy?,subgraph?}],
 * edges:[{source,target,condition?,code?}], entry, terminals}`. `code` is a hash of the function's
 * source; what the function closes over is not part of it. Computed once for a compiled graph.
 */
export function langGraphSnapshot(compiled: unknown): Snapshot {
  const graph = compiled as Compiled;
  const key = (readProperty(graph, 'nodes') ?? graph) as object;
  const id = graphIdOf(graph);
  const remembered = known.get(key)?.get(id);
  if (remembered) return remembered;
  const snapshot = snapshotOf(guarded(() => bodyOf(graph, 0), { id, nodes: [], edges: [] }));
  const byId = known.get(key) ?? new Map<string, Snapshot>();
  byId.set(id, snapshot);
  known.set(key, byId);
  return snapshot;
}

/** The name given at `compile({ name })`, else `LangGraph`. */
export function graphIdOf(compiled: Compiled): string {
  const name = readProperty(compiled, 'name');
  return typeof name === 'string' && name !== '' ? name : UNNAMED;
}

/** Whether the graph was given a name of its own. */
export function isNamed(compiled: Compiled): boolean {
  return graphIdOf(compiled) !== UNNAMED;
}

/** `subgraph`, `function`, or the class of the runnable, such as `ToolNode`. */
export function nodeType(compiled: Compiled, name: string): string | undefined {
  return guarded(() => {
    const node = compiled.nodes?.[name];
    return node && typeOf(runnableOf(compiled, name, node));
  }, undefined);
}

function bodyOf(graph: Compiled, nesting: number): GraphBody {
  const edges = edgesOf(graph);
  const terminals = edges.filter(({ target }) => target === END).map(({ source }) => source);
  const entries = edges.filter(({ source }) => source === START).map(({ target }) => target);
  const nodes = Object.entries(graph.nodes ?? {})
    .filter(([name]) => name !== START)
    .map(([name, node]) => nodeBody(graph, name, node, nesting));
  return {
    id: graphIdOf(graph),
    nodes: nodes.sort((a, b) => (a.id < b.id ? -1 : 1)),
    edges,
    ...(entries[0] !== undefined && { entry: entries[0] }),
    ...(terminals.length > 0 && { terminals: [...new Set(terminals)].sort() }),
  };
}

function nodeBody(graph: Compiled, name: string, node: PregelNode, nesting: number): NodeBody {
  const runnable = runnableOf(graph, name, node);
  const inner = subgraphOf(runnable) ?? node.subgraphs?.map(subgraphOf).find(Boolean);
  const policy = node.retryPolicy ?? graph.builder?.nodes?.[name]?.retryPolicy;
  return {
    id: name,
    type: inner ? 'subgraph' : typeOf(runnable),
    code: codeOf(runnable),
    retry_policy: policy && retryBody(policy),
    error_handler: node.errorHandlerNode,
    subgraph: inner && nesting < MAX_NESTING ? bodyOf(inner, nesting + 1) : undefined,
  };
}

function retryBody(policy: RetryPolicy): object {
  const { initialInterval, backoffFactor, maxInterval, maxAttempts, jitter } = policy;
  return { initialInterval, backoffFactor, maxInterval, maxAttempts, jitter };
}

function edgesOf(graph: Compiled): EdgeBody[] {
  const drawn = guarded(() => graph.getGraph?.().toJSON(), undefined) as
    | { edges?: { source: string; target: string; data?: string; conditional?: boolean }[] }
    | undefined;
  const edges = (drawn?.edges ?? []).map(({ source, target, data, conditional }): EdgeBody => {
    if (!conditional) return { source, target };
    const branches = Object.entries(graph.builder?.branches?.[source] ?? {});
    const code = branches.map(([, branch]) => codeOf(branch.path ?? branch.condition)).join(' ');
    const names = branches.map(([name]) => name).join(' ');
    return {
      source,
      target,
      condition: data ?? (names || 'conditional'),
      code: code.trim() || undefined,
    };
  });
  const key = (edge: EdgeBody) => `${edge.source}\n${edge.target}\n${edge.condition ?? ''}`;
  return edges.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function runnableOf(graph: Compiled, name: string, node: PregelNode): unknown {
  return graph.builder?.nodes?.[name]?.runnable ?? node.bound;
}

function subgraphOf(runnable: unknown): Compiled | undefined {
  return readProperty(runnable, 'lg_is_pregel') === true ? (runnable as Compiled) : undefined;
}

function typeOf(runnable: unknown): string {
  if (subgraphOf(runnable)) return 'subgraph';
  const maker = readProperty(readProperty(runnable, 'constructor'), 'name');
  return typeof maker !== 'string' || maker === 'RunnableCallable' ? 'function' : maker;
}

/** Hash of a function's source, or of all functions in a sequence of runnables. */
function codeOf(runnable: unknown): string | undefined {
  const sources = sourcesOf(runnable, 0);
  if (sources.length === 0) return undefined;
  const hash = createHash('sha256').update(sources.join('\n'), 'utf8').digest('hex');
  return `sha256:${hash.slice(0, 16)}`;
}

function sourcesOf(runnable: unknown, depth: number): string[] {
  if (depth > 4) return [];
  if (typeof runnable === 'function') {
    const source = Function.prototype.toString.call(runnable);
    return source.includes('[native code]') ? [] : [source];
  }
  const steps = readProperty(runnable, 'steps');
  if (Array.isArray(steps)) return steps.flatMap((step) => sourcesOf(step, depth + 1));
  const tools = readProperty(runnable, 'tools');
  if (Array.isArray(tools)) return tools.flatMap((tool) => sourcesOf(tool, depth + 1));
  const inner = readProperty(runnable, 'func') ?? readProperty(runnable, 'bound');
  return inner === undefined ? [] : sourcesOf(inner, depth + 1);
}
