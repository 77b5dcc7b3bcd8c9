// The exact 95 % interval of a share, as Clopper and Pearson made it.
import betaCdf from '@stdlib/stats-base-dists-beta-cdf';

/** Chance that a bound is wrong, each; together they leave 95 %. */
const BOUND_ERROR = 0.025;

/**
 * Bounds between which the probability of a success lies with at least 95 %: each is the probability
 * at which as many successes, or more extreme numbers, have a chance of 2.5 %. Without trials 0 to 1.
 */
export function exactInterval(trials: number, succeeded: number): [low: number, high: number] {
  const failed = trials - succeeded;
  return [
    succeeded === 0 ? 0 : quantile(BOUND_ERROR, succeeded, failed + 1),
    failed === 0 ? 1 : quantile(1 - BOUND_ERROR, succeeded + 1, failed),
  ];
}

/** Where the Beta distribution has reached `chance`. */
function quantile(chance: number, a: number, b: number): number {
  let [low, high] = [0, 1];
  for (let step = 0; step < 50; step += 1) {
    const half = (low + high) / 2;
    if (betaCdf(half, a, b) < chance) low = half;
    else high = half;
  }
  return (low + high) / 2;
}
