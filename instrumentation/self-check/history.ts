// The stored history of agents, read once when the first run of each starts.
import {
  askNewest,
  askNode,
  type NewestFailure,
  type NodeHistory,
  type Service,
} from './service.ts';

/** What was stored of a node before this process ran it. */
export interface StoredNode {
  readonly facts: NodeHistory;
  readonly newest: NewestFailure;
}

/** Of the newest failures of an agent, to find the nodes that fail. */
const FAILURES_READ = 200;
const MAX_NODES = 50;
const AT_ONCE = 4;
/** The process does not wait for it when it ends. */
const PATIENCE = { timeoutMs: 15_000, holds: false };

export class History {
  readonly #service: Service;
  readonly #loading = new Map<string, Promise<void>>();
  readonly #stored = new Map<string, Map<string, StoredNode>>();

  constructor(service: Service) {
    this.#service = service;
  }

  /** Reads the history of an agent, once. Never rejects. */
  load(agentId: string): Promise<void> {
    const known = this.#loading.get(agentId);
    if (known) return known;
    const loading = this.#read(agentId).then(
      (nodes) => void this.#stored.set(agentId, nodes),
      () => {},
    );
    this.#loading.set(agentId, loading);
    return loading;
  }

  isLoaded(agentId: string): boolean {
    return this.#stored.has(agentId);
  }

  of(agentId: string, nodeId: string): StoredNode | undefined {
    return this.#stored.get(agentId)?.get(nodeId);
  }

  async #read(agentId: string): Promise<Map<string, StoredNode>> {
    const newest = await askNewest(this.#service, agentId, FAILURES_READ, PATIENCE);
    const waiting = newest.slice(0, MAX_NODES);
    const nodes = new Map<string, StoredNode>();
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const facts = await askNode(this.#service, agentId, next.nodeId, PATIENCE);
        nodes.set(next.nodeId, { facts, newest: next });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return nodes;
  }
}
