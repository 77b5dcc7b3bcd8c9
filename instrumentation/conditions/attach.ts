// Which conditions a node or a run has: those of its graph, of the node itself, and those that the app
// attached for the whole process.
import { sayOnce } from '../core/guard.ts';
import type { Conditions, FailureCondition, NodeContext, RunContext } from './types.ts';

/** Which agents' runs {@link useFailureConditions} means. */
export interface ConditionScope {
  /** @default every agent */
  readonly agentId?: string;
  /** @default every graph */
  readonly graphId?: string;
}

type NodeConditions = readonly FailureCondition<NodeContext>[];
type RunConditions = readonly FailureCondition<RunContext>[];

interface Attached {
  readonly conditions: Conditions;
  readonly scope: ConditionScope;
}

export const DEFAULT_TIMEOUT_MS = 250;
const MAX_TIMEOUT_MS = 60_000;
const attached = new Set<Attached>();
/** Of graphs, by whether they can be used. */
const checked = new WeakMap<Conditions, boolean>();

/**
 * Attaches conditions to all graphs of the process, those that are recorded by themselves included:
 * this is how a LangGraph app gets them. A list stands for `{ nodes: list }`.
 * @returns detaches them
 * @throws {TypeError} if something is no condition; the message names where it stands
 */
export function useFailureConditions(
  given: Conditions | readonly FailureCondition<NodeContext>[],
  scope: ConditionScope = {},
): () => void {
  const conditions: Conditions = Array.isArray(given) ? { nodes: given } : (given as Conditions);
  checkConditions(conditions);
  const one = { conditions, scope };
  attached.add(one);
  return () => {
    attached.delete(one);
  };
}

/** @throws {TypeError} if something is no condition; the message names where it stands */
function checkConditions(conditions: Conditions): void {
  const { timeoutMs } = conditions;
  if (timeoutMs !== undefined && !(timeoutMs >= 1 && timeoutMs <= MAX_TIMEOUT_MS)) {
    throw new TypeError(
      `conditions: timeoutMs must be a number from 1 to ${MAX_TIMEOUT_MS}, got ${String(timeoutMs)}`,
    );
  }
  checkList('nodes', conditions.nodes);
  for (const [id, list] of Object.entries(conditions.node ?? {})) checkList(`node.${id}`, list);
  checkList('run', conditions.run);
}

function checkList(where: string, list: unknown): void {
  if (list === undefined) return;
  if (!Array.isArray(list))
    throw new TypeError(`conditions: ${where} must be a list of conditions`);
  const wrong = list.findIndex((each) => typeof each?.when !== 'function' || !each.message);
  if (wrong < 0) return;
  throw new TypeError(
    `conditions: ${where}[${wrong}] must be made by defineFailureCondition or one of the library`,
  );
}

/** Whether the conditions of a graph are conditions; if not, one line says what is wrong with them. */
function areUsable(conditions: Conditions): boolean {
  const known = checked.get(conditions);
  if (known !== undefined) return known;
  let usable = true;
  try {
    checkConditions(conditions);
  } catch (error) {
    usable = false;
    sayOnce('conditions', `the graph's conditions are not looked at: ${(error as Error).message}`);
  }
  checked.set(conditions, usable);
  return usable;
}

/** The conditions of one run. */
export class ConditionsOfRun {
  readonly #own: Conditions | undefined;
  readonly #agentId: string;
  readonly #graphId: string;

  constructor(own: Conditions | undefined, agentId: string, graphId: string) {
    this.#own = own && areUsable(own) ? own : undefined;
    this.#agentId = agentId;
    this.#graphId = graphId;
  }

  /** Whether there are none at all, as for most runs. */
  get none(): boolean {
    return this.#own === undefined && attached.size === 0;
  }

  get timeoutMs(): number {
    const given = [...this.#all()].map(({ timeoutMs }) => timeoutMs ?? 0);
    return Math.max(0, ...given) || DEFAULT_TIMEOUT_MS;
  }

  /** After a node: every condition once, however often it is attached. */
  ofNode(nodeId: string, own: NodeConditions = []): NodeConditions {
    const found = new Set(own);
    for (const { nodes = [], node } of this.#all()) {
      for (const each of nodes) found.add(each);
      if (node && Object.hasOwn(node, nodeId)) for (const each of node[nodeId]!) found.add(each);
    }
    return [...found];
  }

  ofRun(): RunConditions {
    return [...new Set([...this.#all()].flatMap(({ run = [] }) => run))];
  }

  *#all(): Generator<Conditions> {
    if (this.#own) yield this.#own;
    for (const { conditions, scope } of attached) {
      if (scope.agentId !== undefined && scope.agentId !== this.#agentId) continue;
      if (scope.graphId !== undefined && scope.graphId !== this.#graphId) continue;
      yield conditions;
    }
  }
}
