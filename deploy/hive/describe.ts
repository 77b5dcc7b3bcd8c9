// Names runs: the agent they are of, which graph they run and in which version.
import { statSync } from 'node:fs';
import { type Snapshot, snapshotOf } from '../../instrumentation/core/snapshot.ts';
import type { RunOfHive } from './facts.ts';
import { graphOfBody, type HiveGraph, readGraphFile } from './graph-file.ts';
import type { Say } from './session-logs.ts';

interface Known {
  readonly changed: number;
  readonly graph: HiveGraph | undefined;
}

/** What says which graph a run is of. */
export interface Clues {
  /** The graph's id as records have it; '' where they leave it out. */
  readonly graphId: string;
  /** The folder of the session's agent; '' if there is none. */
  readonly agentFolder: string;
  /** Nodes that the run has visited so far. */
  readonly nodes: readonly string[];
}

/** Knows the graphs that files hold, and gives runs their names. */
export class Namer {
  readonly #agentId: string | undefined;
  readonly #named: readonly string[];
  readonly #say: Say;
  readonly #files = new Map<string, Known>();
  readonly #versions = new Map<string, HiveGraph>();
  readonly #unknown = new Map<string, Snapshot>();

  /** @throws {Error} if a graph file that the user named cannot be read */
  constructor(options: {
    agentId?: string | undefined;
    graphFiles: readonly string[];
    say: Say;
  }) {
    this.#agentId = options.agentId;
    this.#named = options.graphFiles;
    this.#say = options.say;
    this.refresh([]);
  }

  /**
   * Reads the graph files that have changed; one that is broken then is said, and what it held stays.
   * @param found those that lie among the records
   */
  refresh(found: readonly string[]): void {
    for (const file of [...this.#named, ...found]) {
      const changed = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
      const before = this.#files.get(file);
      if (before?.changed === changed) continue;
      let graph = before?.graph;
      try {
        graph = readGraphFile(file);
        this.#versions.set(graph.snapshot.ref, graph);
      } catch (error) {
        if (!before && this.#named.includes(file)) throw error;
        this.#say(file, (error as Error).message);
      }
      this.#files.set(file, { changed, graph });
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

  /**
   * The graph of a run: a version that it is known to have, else what a file holds now under the graph's
   * name, else under the agent's, else the only one that has its nodes. The only graph that the user named
   * is taken for all.
   */
  graph({ graphId, agentFolder, nodes }: Clues, ref?: string): HiveGraph | undefined {
    const known = ref === undefined ? undefined : this.#versions.get(ref);
    if (known) return known;
    const fits = (graph: HiveGraph) => nodes.every((id) => graph.has(id));
    const graphs = [...this.#files.values()].flatMap(({ graph }) => graph ?? []).filter(fits);
    const named = (name: string) =>
      name === '' ? undefined : graphs.find(({ names }) => names.includes(name));
    const byNodes =
      graphId === '' && nodes.length > 0 && graphs.length === 1 ? graphs[0] : undefined;
    const only = this.#named.length === 1 ? this.#files.get(this.#named[0]!)?.graph : undefined;
    return named(graphId) ?? named(agentFolder) ?? byNodes ?? only;
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
