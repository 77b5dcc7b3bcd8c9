// The topology of a workflow, from Mastra's serialized graph of steps, with hashes of the steps' functions,
// so that a changed step is a changed version even where no edge moved.
import { readProperty } from '../../core/exception.ts';
import { guarded } from '../../core/guard.ts';
import { redactorOf } from '../../core/redactor.ts';
import { type Snapshot, snapshotOf } from '../../core/snapshot.ts';
import type { Redactor } from '../../redaction/index.ts';
import { toPlain } from '../../redaction/plain.ts';
import { codeOf } from '../shared/code.ts';
import type { CreateStep, Entry, ExecuteParams, Step } from './internal-types.ts';

interface Graph {
  nodes: object[];
  edges: { source: string; target: string; condition?: string | undefined }[];
}

/** Nodes from which the next entry is reached. */
type Ends = readonly string[];

const MAX_NESTING = 8;
/** What a step was made of: Mastra binds its function, whose source is not seen any more then. */
const functions = new WeakMap<object, unknown>();
const known = new WeakMap<object, Snapshot>();

/**
 * The snapshot of a workflow: `{id, nodes:[{id,type,description?,code?,retries?,agent?,tool?}],
 * edges:[{source,target,condition?}], entry}`. The condition of a branch or loop is its source, redacted.
 * Computed once for a committed workflow.
 */
export function workflowSnapshot(params: ExecuteParams, redactor?: Redactor): Snapshot {
  const { workflowId: id, serializedStepGraph, graph } = params;
  const key = serializedStepGraph ?? graph;
  const remembered = key && known.get(key);
  if (remembered) return remembered;
  const body = guarded(() => bodyOf(params), { id, nodes: [], edges: [] });
  const redacted = guarded(
    () => redactorOf(redactor)(toPlain(body), ['graph']).value,
    toPlain({ id, nodes: [], edges: [] }),
  );
  const snapshot = snapshotOf(redacted);
  if (key) known.set(key, snapshot);
  return snapshot;
}

/** `createStep()`, which remembers the function that a step is made of. */
export function rememberingStep(original: CreateStep): CreateStep {
  return function createStep(...args: unknown[]) {
    const step = original(...args);
    const execute = readProperty(args[0], 'execute');
    if (typeof step === 'object' && step !== null) functions.set(step, execute);
    return step;
  };
}

function bodyOf({ workflowId, serializedStepGraph, graph }: ExecuteParams): object {
  const found: Graph = { nodes: [], edges: [] };
  const live = new Map<string, Step>();
  collectSteps(graph?.steps, live, 0);
  const ends = walk(serializedStepGraph ?? graph?.steps ?? [], [], found, live, 0);
  const entry = (found.nodes[0] as { id?: string } | undefined)?.id;
  return { id: workflowId, ...found, entry, terminals: ends };
}

function walk(
  entries: readonly Entry[],
  before: Ends,
  found: Graph,
  live: Map<string, Step>,
  nesting: number,
): Ends {
  let ends = before;
  for (const entry of entries) ends = walkEntry(entry, ends, found, live, nesting);
  return ends;
}

function walkEntry(
  entry: Entry,
  before: Ends,
  found: Graph,
  live: Map<string, Step>,
  nesting: number,
): Ends {
  const connect = (id: string, condition?: string) => {
    for (const source of before) found.edges.push({ source, target: id, condition });
  };
  if (entry.steps) {
    return entry.steps.map((branch, index) => {
      const id = addNode(branch, found, live, nesting);
      connect(id, entry.serializedConditions?.[index]?.fn);
      return id;
    });
  }
  const repeats = entry.type === 'loop' || entry.type === 'foreach';
  const id = addNode(repeats ? (entry.step as Entry) : entry, found, live, nesting);
  connect(id, entry.type === 'foreach' ? 'foreach' : undefined);
  if (entry.type === 'loop') {
    const condition = `${entry.loopType} ${entry.serializedCondition?.fn ?? ''}`.trim();
    found.edges.push({ source: id, target: id, condition });
  }
  return [id];
}

function addNode(entry: Entry, found: Graph, live: Map<string, Step>, nesting: number): string {
  const step: Step | undefined = entry.type === 'step' || !entry.type ? entry.step : undefined;
  const id = step?.id ?? entry.id ?? entry.type ?? 'step';
  const runs = live.get(id);
  const inner = step?.serializedStepFlow;
  const subgraph: Graph | undefined = inner && { nodes: [], edges: [] };
  if (subgraph && inner && nesting < MAX_NESTING) walk(inner, [], subgraph, live, nesting + 1);
  found.nodes.push({
    id,
    type: step ? (step.component?.toLowerCase() ?? 'step') : entry.type,
    description: step?.description,
    code: subgraph || !runs ? undefined : codeOf(functions.get(runs) ?? runs.execute),
    retries: runs?.retries,
    agent: entry.agentId,
    tool: entry.toolId,
    subgraph,
  });
  return id;
}

/** The steps that are run, by id; those of nested workflows among them. */
function collectSteps(
  entries: readonly Entry[] | undefined,
  live: Map<string, Step>,
  nesting: number,
): void {
  if (nesting > MAX_NESTING) return;
  for (const entry of entries ?? []) {
    collectSteps(entry.steps, live, nesting);
    const step = entry.type === 'loop' || entry.type === 'foreach' ? entry.step?.step : entry.step;
    const found = step ?? entry.step;
    if (!found?.id) continue;
    live.set(found.id, found);
    const graph = readProperty(found, 'executionGraph');
    collectSteps(readProperty(graph, 'steps') as readonly Entry[] | undefined, live, nesting + 1);
  }
}
