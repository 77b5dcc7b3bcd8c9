// What an evolution did to a group, said only as far as the interval allows.
import { type Block, designEffect } from './clustering.ts';
import { failureRatio, type Ratio, type Trials } from './ratio.ts';
import type { Verdict } from './schemas.ts';

/** A fix that helps is expected to halve the failures at least; less than that may be called nothing. */
const WORTHWHILE = 0.5;

/** Runs of one side. */
export interface SideRuns extends Trials {
  /** The same runs by time. @default they are taken as independent */
  blocks?: readonly Block[];
}

export interface Judgement extends Ratio {
  verdict: Verdict;
  /** So many failed runs count as one independent one; 1 = they are independent. */
  design_effect: number;
  /** What the verdict would be if all runs were independent. */
  unclustered: Verdict;
}

/**
 * `effective`: the whole interval of the ratio lies below 1. `harmful`: above 1. `ineffective`: it
 * holds 1 and excludes a halving. `insufficient_exposure`: it holds both, so nothing can be said yet.
 * Runs that fail together in bursts count as fewer.
 */
export function judge(before: SideRuns, after: SideRuns): Judgement {
  const plain = failureRatio(before, after);
  const unclustered = verdictOf(plain.interval);
  const design_effect = designEffect([before.blocks ?? [], after.blocks ?? []]);
  if (design_effect === 1) return { ...plain, verdict: unclustered, design_effect, unclustered };
  const fewer = ({ trials, failed }: Trials): Trials => ({
    trials: trials / design_effect,
    failed: failed / design_effect,
  });
  const { interval } = failureRatio(fewer(before), fewer(after));
  return {
    ratio: plain.ratio,
    interval,
    verdict: verdictOf(interval),
    design_effect,
    unclustered,
  };
}

function verdictOf([low, high]: Ratio['interval']): Verdict {
  if (high !== null && high < 1) return 'effective';
  if (low > 1) return 'harmful';
  return low > WORTHWHILE ? 'ineffective' : 'insufficient_exposure';
}
