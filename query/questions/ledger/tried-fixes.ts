// What was tried and what came of it: evolutions with their effects on the groups that they target.

import type { Store } from '../../base/store.ts';
import type { Evolution } from '../evolutions/schemas.ts';
import { judgeOthers } from './effects.ts';
import { type Ledger, onePerGroup, openLedger, type Question } from './ledger.ts';
import type { Effect, TriedFix } from './schemas.ts';
import { type Targets, targetsOf } from './targets.ts';

/** Agents whose evolutions are judged at the same time. */
const AGENTS_AT_ONCE = 4;

interface Known {
  /** Of the evolutions, in their order. @default they are looked up */
  targets?: readonly Targets[];
  /** Groups of one evolution that are judged. @default all */
  most?: number;
  /** Effects that are judged already. */
  effects?: readonly Effect[];
}

/**
 * Evolutions of the ledger's agent, each with what it did to the groups that it targets. They are judged
 * together, in as many statements as one is.
 */
export async function judgeTargets(
  ledger: Ledger,
  evolutions: readonly Evolution[],
  { targets, most, effects: judged = [] }: Known = {},
): Promise<TriedFix[]> {
  const known = targets ?? (await targetsOf(ledger.store, evolutions));
  const questions = evolutions.flatMap((evolution, index) =>
    onTargets(ledger, evolution, { fingerprints: known[index]!.fingerprints, most }),
  );
  const effects = await judgeOthers(ledger, questions, judged);
  return evolutions.map((evolution) => ({
    ...evolution,
    effects: effects.filter(({ evolution_id }) => evolution_id === evolution.evolution_id),
  }));
}

/** An evolution and the first groups that it targets. */
export const onTargets = (
  { mapping }: Pick<Ledger, 'mapping'>,
  evolution: Evolution,
  { fingerprints, most }: { fingerprints: readonly string[]; most?: number | undefined },
): Question[] =>
  onePerGroup({ mapping }, fingerprints)
    .slice(0, most)
    .map((fingerprint) => ({ evolution, fingerprint, targeted: true }));

/**
 * The same for evolutions of any agents, in their order: statements grow with the number of agents, not
 * with that of evolutions.
 */
export async function withEffects(
  store: Store,
  evolutions: readonly Evolution[],
): Promise<TriedFix[]> {
  const agents = [...new Set(evolutions.map(({ agent_id }) => agent_id))];
  const tried = new Map<Evolution, TriedFix>();
  const judge = async (agent: string) => {
    const own = evolutions.filter(({ agent_id }) => agent_id === agent);
    const fixes = await judgeTargets(await openLedger(store, agent), own);
    own.forEach((evolution, index) => {
      tried.set(evolution, fixes[index]!);
    });
  };
  for (let start = 0; start < agents.length; start += AGENTS_AT_ONCE) {
    await Promise.all(agents.slice(start, start + AGENTS_AT_ONCE).map(judge));
  }
  return evolutions.map((evolution) => tried.get(evolution)!);
}
