// Advice on the evolution of an agent, from what is stored of it.
import { describePartial, type PartialAnswer, partialSoFar } from '../../base/partial.ts';
import type { Policies } from '../../base/policies.ts';
import type { Store } from '../../base/store.ts';
import { decide } from './decide.ts';
import { readFacts } from './facts.ts';
import type { EvolutionAdvice } from './question.ts';

/** @throws {NotFoundError} for an agent of which nothing is stored */
export async function adviseEvolution(
  store: Store,
  agent: string,
  policies: Policies,
): Promise<EvolutionAdvice> {
  const now = Date.now();
  const advice = decide(await readFacts(store, agent, now), { agent, policies, now });
  const partial = partialSoFar();
  return partial ? waitForShards(advice, partial, now) : advice;
}

/** How long a shard that is away is waited for, in milliseconds. */
const WAIT_MS = 60_000;

/** Nothing is changed or taken back because of rows that are missing. */
function waitForShards(
  advice: EvolutionAdvice,
  partial: PartialAnswer,
  now: number,
): EvolutionAdvice {
  const again = { after_runs: null, at: new Date(now + WAIT_MS).toISOString() };
  const waiting = {
    advice: 'wait',
    because: 'partial',
    reason: `Not all is known now: ${describePartial(partial)}, so runs and failures are missing.`,
    again,
  } as const;
  return {
    ...advice,
    ...waiting,
    fingerprint: null,
    revert_to: null,
    considered: advice.considered.map((problem) => ({ ...problem, ...waiting })),
  };
}
