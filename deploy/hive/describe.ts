// Names runs: whose they are, which graph they run and in which version.
import { statSync } from 'node:fs';
import { type Snapshot, snapshotOf } from '../../instrumentation/core/snapshot.ts';
import type { RunOfHive } from './facts.ts';
import { graphOfBody, type HiveGraph, readGraphFile } from './graph-file.ts';
import type { Say } from './session-logs.ts';

/** Knows the agent's graph, if a file tells it, and gives runs their names. */
export class Namer {
  readonly #agentId: string | undefined;
  readonly #graphFile: string | undefined;
  readonly #say: Say;
  readonly #versions = new Map<string, HiveGraph>();
  readonly #unknown = new Map<string, Snapshot>();
  #graph: HiveGraph | undefined;
  #changed = 0;

  /** @throws {Error} if the graph file cannot be read */
  constructor(options: { agentId?: string | undefined; graphFile?: string | undefined; say: Say }) {
    this.#agentId = options.agentId;
    this.#graphFile = options.graphFile;
    this.#say = options.say;
    this.refresh();
  }

  /** Reads the graph file if it has changed; one that is broken then is said, and the old one stays. */
  refresh(): void {
    const file = this.#graphFile;
    if (file === undefined) return;
    const changed = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (changed === this.#changed && this.#graph) return;
    try {
      this.#graph = readGraphFile(file);
      this.#versions.set(this.#graph.snapshot.ref, this.#graph);
      this.#changed = changed;
    } catch (error) {
      if (!this.#graph) throw error;
      this.#say(file, (error as Error).message);
    }
  }

  /** Knows a version of the graph again, from the body that {@link bodyOf} gave. */
  recall(body: string): void {
    const graph = graphOfBody(body);
    this.#versions.set(graph.snapshot.ref, graph);
  }

  bodyOf(ref: string): string | undefined {
    return this.#versions.get(ref)?.snapshot.body;
  }

  /** @param ref the version that the run began with @default the one of the graph file now */
  graph(ref?: string): HiveGraph | undefined {
    return (ref === undefined ? undefined : this.#versions.get(ref)) ?? this.#graph;
  }

  run(known: {
    key: string;
    sessionId: string;
    graphId: string;
    startNs: bigint;
    graph: HiveGraph | undefined;
  }): RunOfHive {
    const { key, sessionId, graphId, startNs, graph } = known;
    const snapshot = graph?.snapshot ?? this.#nameless(graphId);
    return {
      key,
      runId: key,
      sessionId,
      agentId: this.#agentId ?? graphId,
      graphId,
      snapshot,
      startNs,
    };
  }

  /** All that is known of a graph without its file is its name. */
  #nameless(graphId: string): Snapshot {
    const snapshot = this.#unknown.get(graphId) ?? snapshotOf({ id: graphId });
    this.#unknown.set(graphId, snapshot);
    return snapshot;
  }
}
