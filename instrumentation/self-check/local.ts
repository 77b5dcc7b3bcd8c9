// How the nodes of this process do, counted as attempts end.
import { errorTypeOf } from '../core/exception.ts';
import type { Failure } from '../core/observer.ts';

/** One node of one agent, since the process started. */
export interface LocalFacts {
  readonly failures: number;
  /** Failures since the last success, or since the start. */
  readonly consecutive: number;
  readonly succeeded: boolean;
  readonly last: LastFailure | undefined;
}

export interface LastFailure {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly errorType: string;
  readonly class: string | undefined;
  readonly condition: string | undefined;
}

interface Counted {
  failures: number;
  consecutive: number;
  succeeded: boolean;
  last: LastFailure | undefined;
}

const MAX_NODES = 10_000;
const NOTHING: LocalFacts = { failures: 0, consecutive: 0, succeeded: false, last: undefined };

const agents = new Map<string, Map<string, Counted>>();
const listeners = new Set<(agentId: string) => void>();
let nodes = 0;
let latest: string | undefined;

/** Called when a run starts. */
export function noteRun(agentId: string): void {
  latest = agentId;
  if (agents.has(agentId)) return;
  makeRoom();
  agents.set(agentId, new Map());
  for (const listener of listeners) listener(agentId);
}

/** Called when an attempt succeeds, or fails with `failure`. */
export function noteAttempt(agentId: string, nodeId: string, failure?: Failure): void {
  const counted = countedOf(agentId, nodeId);
  if (!failure) {
    counted.succeeded = true;
    counted.consecutive = 0;
    return;
  }
  counted.failures += 1;
  counted.consecutive += 1;
  counted.last = {
    at: Date.now(),
    errorType: errorTypeOf(failure.error),
    class: failure.details.class,
    condition: failure.details.condition,
  };
}

export function localFacts(agentId: string, nodeId: string): LocalFacts {
  return agents.get(agentId)?.get(nodeId) ?? NOTHING;
}

/** The agent whose run started last. */
export function latestAgent(): string | undefined {
  return latest;
}

/** Calls `listener` for each agent once: at its first run, or now if that is past. */
export function onAgent(listener: (agentId: string) => void): void {
  listeners.add(listener);
  for (const agentId of agents.keys()) listener(agentId);
}

function countedOf(agentId: string, nodeId: string): Counted {
  let ofAgent = agents.get(agentId);
  if (!ofAgent) {
    ofAgent = new Map();
    agents.set(agentId, ofAgent);
  }
  let counted = ofAgent.get(nodeId);
  if (!counted) {
    makeRoom();
    counted = { ...NOTHING };
    ofAgent.set(nodeId, counted);
    nodes += 1;
  }
  return counted;
}

/** An executor that makes up node ids must not fill the memory. */
function makeRoom(): void {
  if (nodes < MAX_NODES && agents.size < MAX_NODES) return;
  for (const ofAgent of agents.values()) ofAgent.clear();
  if (agents.size >= MAX_NODES) agents.clear();
  nodes = 0;
}
