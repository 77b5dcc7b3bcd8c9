// A condition that gave no verdict: how it is reported, and how often.
import { sayOnce } from '../core/guard.ts';
import type { Failure } from '../core/observer.ts';
import type { Fault } from './evaluation.ts';
import type { FailureCondition } from './types.ts';

/** A condition that is broken breaks after every node; that is one thing to know. */
const EVERY_MS = 60_000;
const MAX_KNOWN = 1000;

interface Reported {
  at: number;
  unsaid: number;
}

const reported = new Map<string, Reported>();

/**
 * How many faults of this condition at this node went unsaid since the last report, or `undefined` if
 * it is too soon for another. One report a minute.
 */
export function mayReport(
  condition: string,
  agentId: string,
  nodeId: string | undefined,
  now = performance.now(),
): number | undefined {
  const key = JSON.stringify([condition, agentId, nodeId]);
  const last = reported.get(key);
  if (last && now - last.at < EVERY_MS) {
    last.unsaid += 1;
    return undefined;
  }
  if (!last && reported.size >= MAX_KNOWN) reported.clear();
  reported.set(key, { at: now, unsaid: 0 });
  return last?.unsaid ?? 0;
}

/** The fault as a failure of the check, not of the node: its class says whose it is. */
export function describeFault(
  condition: FailureCondition<never>,
  fault: Fault,
  unsaid: number,
  nodeId: string | undefined,
): Failure {
  const { name } = condition;
  const isLate = 'timeoutMs' in fault;
  sayOnce(
    `condition ${name}`,
    `failure condition ${name} ${isLate ? `gave no verdict within ${fault.timeoutMs} ms` : 'threw'}; the node is taken as good`,
  );
  return {
    error: isLate
      ? { name: 'ConditionTimeout', message: `no verdict within ${fault.timeoutMs} ms` }
      : fault.error,
    details: {
      condition: name,
      class: isLate ? 'config.error' : 'code.error',
      severity: 'warning',
      site: nodeId === undefined ? 'run' : 'node.result',
      evidence: { check_of: nodeId === undefined ? 'run' : 'node', unsaid },
    },
  };
}
