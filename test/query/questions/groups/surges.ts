// Seeded groups by the hour: steady ones, and such that surge in the last two hours.
import type { Hourly } from '../../../../query/questions/groups/escalation.ts';
import { logUniform } from '../ledger/random.ts';

export const SHAPES = ['flat', 'daily rhythm', 'quiet weekend'] as const;
export type Shape = (typeof SHAPES)[number];

/** Of a Poisson distribution. */
export function poisson(random: () => number, mean: number): number {
  if (mean > 30) return poisson(random, mean / 2) + poisson(random, mean / 2);
  let count = 0;
  for (let left = Math.exp(-mean), product = random(); product > left; product *= random())
    count += 1;
  return count;
}

/** Failed runs of nine days by the hour, in the last two hours `growth` times as many. */
export function groupOf(random: () => number, shape: Shape, growth: number): Hourly {
  const mean = logUniform(random, 0.5, 4);
  const elapsed = 0.05 + 0.95 * random();
  const first = 490_000 + Math.floor(random() * 168);
  const swing = 0.5 + 0.5 * random();
  const shift = random() * 24;
  const length = 192;
  const failed = Array.from({ length }, (_, index) => {
    const hour = first + index;
    const day = (Math.floor(hour / 24) + 4) % 7;
    const rhythm = shape === 'flat' ? 1 : 1 + swing * Math.sin((2 * Math.PI * (hour + shift)) / 24);
    const quiet = shape === 'quiet weekend' && (day === 0 || day === 6) ? 0.15 : 1;
    const isCurrent = index === length - 1;
    // The surge began two hours ago, amid the hour before the last.
    const surging =
      isCurrent || index === length - 2
        ? growth
        : index === length - 3
          ? 1 + (growth - 1) * (1 - elapsed)
          : 1;
    return poisson(random, mean * rhythm * quiet * surging * (isCurrent ? elapsed : 1));
  });
  return { failed, first, elapsed };
}
