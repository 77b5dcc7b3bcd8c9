// Advice on the evolution of an agent, from what is stored of it.
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
  return decide(await readFacts(store, agent, now), { agent, policies, now });
}
