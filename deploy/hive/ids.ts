// Ids of runs and their spans, made of Hive's own ids: docs/decisions/0046-ids-of-hive.md.
import { createHash } from 'node:crypto';
import { timeInId, timeOf } from './time.ts';

/** A session that is resumed later than this after the time in its id is a run of its own. */
const FIRST_RUN_NS = 60n * 1_000_000_000n;

/**
 * The key of a run: its execution id, with its start when another run had the id before.
 * @param start `timestamp` of its `execution_started`; '' when none was seen
 * @param isLater whether an earlier run under the same id is known
 */
export function runKey(executionId: string, start: string, isLater: boolean): string {
  if (start === '') return executionId;
  const named = timeInId(executionId);
  const startNs = timeOf(start);
  const isResumed = named !== undefined && startNs !== undefined && startNs - named > FIRST_RUN_NS;
  return isLater || isResumed ? `${executionId}@${start}` : executionId;
}

/** 32 hex digits. */
export const traceIdOf = (run: string): string => hex('trace', run, 32);

/**
 * 16 hex digits.
 * @param key of an attempt (`<node id>#<n>`), or `run` or `start`
 */
export const spanIdOf = (run: string, key: string): string => hex('span', `${run}\n${key}`, 16);

function hex(kind: string, key: string, digits: number): string {
  return createHash('sha256')
    .update(`faultline hive ${kind}\n${key}`)
    .digest('hex')
    .slice(0, digits);
}
