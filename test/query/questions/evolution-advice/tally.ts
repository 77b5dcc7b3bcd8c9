// How often the advice is right over seeded worlds.
import { DEFAULT_POLICIES } from '../../../../query/base/policies.ts';
import { decide } from '../../../../query/questions/evolution-advice/decide.ts';
import type { EvolutionAdvice } from '../../../../query/questions/evolution-advice/question.ts';
import { seeded } from '../ledger/random.ts';
import type { Random, World } from './scenario.ts';
import { factsFrom, START } from './simulated.ts';

/** The advice in a world. */
export const adviceIn = (one: World): EvolutionAdvice =>
  decide(factsFrom(one), { agent: 'a', policies: DEFAULT_POLICIES, now: START + one.now });

export function isRight({ right }: World, { advice, fingerprint }: EvolutionAdvice): boolean {
  return (
    right.advice.includes(advice) &&
    (right.fingerprint === undefined || right.fingerprint === fingerprint)
  );
}

/** Whether a change of the graph was advised for where none was due. */
export const isNeedless = ({ right }: World, { advice }: EvolutionAdvice): boolean =>
  advice === 'evolve' && !right.advice.includes('evolve');

export interface Tally {
  kind: string;
  worlds: number;
  right: number;
  needless: number;
  wrong: Record<string, number>;
}

/** Counts over some seeds of each kind. */
export function tally(kinds: Record<string, (random: Random) => World>, worlds: number): Tally[] {
  return Object.entries(kinds).map(([kind, make], place) => {
    const counted: Tally = { kind, worlds, right: 0, needless: 0, wrong: {} };
    for (let seed = 0; seed < worlds; seed += 1) {
      const one = make(seeded(1 + seed + 10_000 * place));
      const advice = adviceIn(one);
      if (isRight(one, advice)) counted.right += 1;
      else {
        const name = `${advice.advice} ${advice.because}`;
        counted.wrong[name] = (counted.wrong[name] ?? 0) + 1;
      }
      if (isNeedless(one, advice)) counted.needless += 1;
    }
    return counted;
  });
}
