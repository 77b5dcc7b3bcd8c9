// How much more or less often something happens than before, with an interval that stays true however
// often it is looked at while data comes. The reasons and figures: docs/decisions/0012-verdicts.md.
import betaln from '@stdlib/math-base-special-betaln';
import betaCdf from '@stdlib/stats-base-dists-beta-cdf';

/** Independent trials of which some failed. */
export interface Trials {
  trials: number;
  failed: number;
}

export interface Ratio {
  /** Share that failed after by the share before; null when one of the two is not known or 0 / 0. */
  ratio: number | null;
  /** Bounds of the ratio; an upper bound of null is none. */
  interval: [low: number, high: number | null];
}

/** Chance that a bound is wrong, each; together they leave 95 %. */
const BOUND_ERROR = 0.025;
/** The product of two independent p-values is at most this with a chance of {@link BOUND_ERROR}. */
const PRODUCT = productBelow(BOUND_ERROR);
/** Steps of the search, in standard errors of the logit: smaller is slower and a little narrower. */
const STEP = 0.25;

/**
 * The ratio of two failure probabilities. Each candidate ratio is tested for every probability that
 * the trials before may have had: by Fisher's product of the exact binomial p-value of the trials
 * before and the p-value of Robbins' mixture of the trials after. The second holds at every sample
 * size at once, so the interval may be asked for after each trial.
 */
export function failureRatio(before: Trials, after: Trials): Ratio {
  const rateBefore = before.failed / before.trials;
  const rateAfter = after.failed / after.trials;
  const known = before.trials > 0 && after.trials > 0;
  return {
    ratio: known && rateBefore > 0 ? rateAfter / rateBefore : null,
    interval: known ? [lowest(before, after), highest(before, after)] : [0, null],
  };
}

/** Upper bound: the largest ratio that is not refused. */
function highest(before: Trials, after: Trials): number | null {
  if (before.failed === 0) return null;
  const bounds = new MixtureBounds(before, after);
  const shape = [before.failed, before.trials - before.failed + 1] as const;
  let higher = middle(before);
  let worst = bounds.upper(PRODUCT) / higher;
  for (const rate of rates(before, -STEP)) {
    // P(at least as many failures | rate): for every lower rate it is smaller.
    const chance = betaCdf(higher, ...shape);
    if (chance < PRODUCT) break;
    worst = Math.max(worst, bounds.upper(PRODUCT / chance) / rate);
    higher = rate;
  }
  return worst;
}

/** Lower bound: the smallest ratio that is not refused. */
function lowest(before: Trials, after: Trials): number {
  if (after.failed === 0) return 0;
  const bounds = new MixtureBounds(before, after);
  let lower = middle(before);
  let worst = bounds.lower(PRODUCT) / lower;
  for (const rate of rates(before, STEP)) {
    // P(at most as many failures | rate): for every higher rate it is smaller.
    const chance = atMost(before, lower);
    if (chance < PRODUCT) return worst;
    worst = Math.min(worst, bounds.lower(PRODUCT / chance) / rate);
    lower = rate;
  }
  return Math.min(worst, bounds.lower(PRODUCT / atMost(before, lower)));
}

function atMost({ trials, failed }: Trials, rate: number): number {
  return failed === trials ? 1 : 1 - betaCdf(rate, failed + 1, trials - failed);
}

const middle = ({ trials, failed }: Trials): number => (failed + 0.5) / (trials + 1);

/** Rates away from the middle, as far as any can matter. */
function* rates(before: Trials, step: number): Generator<number> {
  const start = middle(before);
  const logit = Math.log(start / (1 - start));
  const error = 1 / Math.sqrt((before.trials + 1) * start * (1 - start));
  for (let count = 1; count < 200; count += 1) {
    yield 1 / (1 + Math.exp(-(logit + count * step * error)));
  }
}

/**
 * Bounds of the failure probability after, by Robbins' method of mixtures: a probability is refused
 * when a Beta mixture explains the trials so much better that the inverse is a small p-value. The
 * mixture's mean is the rate before, weighing as one failure; that is fixed before the first trial after.
 */
class MixtureBounds {
  readonly #failed: number;
  readonly #good: number;
  readonly #mixture: number;

  constructor(before: Trials, after: Trials) {
    this.#failed = after.failed;
    this.#good = after.trials - after.failed;
    const mean = Math.min(middle(before), 0.9);
    const [a, b] = [1, Math.max((1 - mean) / mean, 0.5)];
    this.#mixture = betaln(a + this.#failed, b + this.#good) - betaln(a, b);
  }

  upper(pValue: number): number {
    if (this.#good === 0) return 1;
    return this.#edge(pValue, 1);
  }

  lower(pValue: number): number {
    if (this.#failed === 0) return 0;
    return this.#edge(pValue, 0);
  }

  /** The point between the observed share and `end` where the p-value is reached. */
  #edge(pValue: number, end: 0 | 1): number {
    const needed = this.#mixture + Math.log(Math.min(pValue, 1));
    let inside = this.#failed / (this.#failed + this.#good);
    let outside: number = end;
    for (let step = 0; step < 50; step += 1) {
      const half = (inside + outside) / 2;
      if (this.#logLikelihood(half) < needed) outside = half;
      else inside = half;
    }
    return outside;
  }

  #logLikelihood(rate: number): number {
    const failures = this.#failed === 0 ? 0 : this.#failed * Math.log(rate);
    return failures + (this.#good === 0 ? 0 : this.#good * Math.log1p(-rate));
  }
}

/** The c with P(U₁U₂ ≤ c) = c (1 − ln c) = `chance` for independent uniform U₁ and U₂. */
function productBelow(chance: number): number {
  let [low, high] = [1e-12, chance];
  for (let step = 0; step < 100; step += 1) {
    const half = Math.sqrt(low * high);
    if (half * (1 - Math.log(half)) > chance) high = half;
    else low = half;
  }
  return low;
}
