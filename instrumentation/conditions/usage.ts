// What nodes use up, as the app reports it.

import { guarded, sayOnce } from '../core/guard.ts';
import { running } from '../delivery/crash/running.ts';
import type { Usage } from './types.ts';

type Sums = { -readonly [Key in keyof Usage]: number };

const NOTHING: Usage = Object.freeze({ inputTokens: 0, outputTokens: 0, cost: 0, toolCalls: 0 });
/** By attempt and by run. */
const sums = new WeakMap<object, Sums>();

/**
 * Adds to what the running node and its run used up; outside of a node it counts for the run, outside
 * of a run for nothing. Never throws.
 *
 * ```ts
 * recordUsage({ inputTokens: reply.usage.input_tokens, cost: 0.0031 });
 * ```
 */
export function recordUsage(usage: Partial<Usage>): void {
  guarded(() => {
    const place = running();
    if (!place) return;
    if (place.attempt) add(place.attempt, usage);
    add(place.run, usage);
  }, undefined);
}

/** What an attempt or a run used up. */
export function usageOf(owner: object): Usage {
  return { ...(sums.get(owner) ?? NOTHING) };
}

function add(owner: object, usage: Partial<Usage>): void {
  const sum = sums.get(owner) ?? { ...NOTHING };
  for (const key of Object.keys(NOTHING) as (keyof Usage)[]) {
    const value = usage[key];
    if (value === undefined) continue;
    if (Number.isFinite(value) && value >= 0) sum[key] += value;
    else
      sayOnce(
        `usage.${key}`,
        `recordUsage: ${key} must be a number from 0, got ${typeof value === 'number' ? value : typeof value}`,
      );
  }
  sums.set(owner, sum);
}
