import type { VerifiedCounts } from './schemas.ts';

/** `2 fixed, 1 still failing, 1 not run`: what there was none of is left out. */
export function verifiedText(counts: Omit<VerifiedCounts, 'batch_id' | 'timestamp'>): string {
  const { fixed, still_failing, other_failure, not_run } = counts;
  const parts: [number, string][] = [
    [fixed, 'fixed'],
    [still_failing, 'still failing'],
    [other_failure, `other failure${other_failure === 1 ? '' : 's'}`],
    [not_run, 'not run'],
  ];
  const some = parts.filter(([number]) => number > 0);
  return some.map(([number, word]) => `${number} ${word}`).join(', ') || 'nothing to run';
}
