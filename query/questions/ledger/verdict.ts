// What an evolution did to a group, said only as far as the interval allows.
import type { Verdict } from '../../base/schemas.ts';
import { failureRatio, type Ratio, type Trials } from './ratio.ts';

/** A fix that helps is expected to halve the failures at least; less than that may be called nothing. */
const WORTHWHILE = 0.5;

interface Judgement extends Ratio {
  verdict: Verdict;
}

/**
 * `effective`: the whole interval of the ratio lies below 1. `harmful`: above 1. `ineffective`: it
 * holds 1 and excludes a halving. `insufficient_exposure`: it holds both, so nothing can be said yet.
 */
export function judge(before: Trials, after: Trials): Judgement {
  const ratio = failureRatio(before, after);
  return { ...ratio, verdict: verdictOf(ratio.interval) };
}

function verdictOf([low, high]: Ratio['interval']): Verdict {
  if (high !== null && high < 1) return 'effective';
  if (low > 1) return 'harmful';
  return low > WORTHWHILE ? 'ineffective' : 'insufficient_exposure';
}
