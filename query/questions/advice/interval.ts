// The exact interval of a share, as Clopper and Pearson made it.
import betaCdf from '@stdlib/stats-base-dists-beta-cdf';

/**
 * Bounds between which the probability of a success lies: each is the probability at which as many
 * successes, or more extreme numbers, have a chance of `boundError`. Without trials 0 to 1.
 *
 * @param boundError chance that a bound is wrong, each; 2.5 % leave 95 %
 */
export function exactInterval(
  trials: number,
  succeeded: number,
  boundError = 0.025,
): [low: number, high: number] {
  const failed = trials - succeeded;
  return [
    succeeded === 0 ? 0 : quantile(boundError, succeeded, failed + 1),
    failed === 0 ? 1 : quantile(1 - boundError, succeeded + 1, failed),
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
