// Where a run is: the nodes that edges have led to, what they get, and whether the run came to its end.
import type { OpenAttempt } from './attempts.ts';
import type { HiveGraph } from './graph-file.ts';

/** Follows the edges of one run. */
export class Route {
  readonly #graph: HiveGraph | undefined;
  #input: unknown;
  #isAtStart = true;
  /** Nodes that an edge has led to and that have not been seen since, with what they get. */
  readonly #pending = new Map<string, unknown>();
  readonly #seen = new Set<string>();
  /** What a node got when it was seen last. */
  readonly #inputs = new Map<string, unknown>();

  /** @param input what the run got */
  constructor(input: unknown, graph: HiveGraph | undefined) {
    this.#input = input;
    this.#graph = graph;
  }

  /** An edge leads to the node. */
  leadsTo(nodeId: string, input?: unknown): void {
    this.#pending.set(nodeId, input);
  }

  arrived(nodeId: string, input: unknown): void {
    this.#pending.delete(nodeId);
    this.#seen.add(nodeId);
    this.#isAtStart = false;
    this.#inputs.set(nodeId, input);
  }

  /** What the run got is known only now. */
  began(input: unknown): void {
    this.#input = input;
  }

  isPending(nodeId: string): boolean {
    return this.#pending.has(nodeId);
  }

  /** The run starts again from a node of its choice. */
  restart(): void {
    this.#pending.clear();
    this.#isAtStart = true;
  }

  /** The node that an edge led to last. */
  get next(): string | undefined {
    return [...this.#pending.keys()].at(-1);
  }

  /**
   * What a node gets, as far as events say: the first one the run's input, also when it starts again.
   * @param isAgain whether it repeats an attempt that failed, which had the same
   */
  inputOf(nodeId: string, isAgain: boolean): unknown {
    const given = this.#pending.get(nodeId);
    if (given !== undefined) return given;
    const [first = nodeId] = this.#seen;
    if (first === nodeId && (isAgain || this.#isAtStart)) return this.#input;
    return isAgain ? this.#inputs.get(nodeId) : undefined;
  }

  /**
   * Why a run that Hive calls a success is none: a node still ran, an edge led on to a node that never
   * came, or the graph says that it goes on. A node that announces nothing of itself proves nothing.
   */
  unfinished(open: readonly OpenAttempt[], lastNode: string | undefined): string | undefined {
    const running = open.find(
      ({ iterations, stalled, iterated }) =>
        iterations === undefined && stalled === undefined && iterated,
    );
    if (running) return budgetUsedUp(running.nodeId);
    const left = [...this.#pending.keys()].find(
      (id) => this.#seen.has(id) || (this.#graph && !this.#graph.terminals.includes(id)),
    );
    if (left !== undefined) return budgetUsedUp(left);
    if (lastNode === undefined || this.#pending.size > 0) return undefined;
    return this.#graph?.unfinishedAt(lastNode);
  }
}

function budgetUsedUp(nodeId: string): string {
  return `Step budget used up: the run ended before node '${nodeId}' did`;
}
