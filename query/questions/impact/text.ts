// What a group costs, in words.
import { percent } from '../../base/text.ts';
import type { Impact } from './impact.ts';

/** Runs that a group ended; nothing comes from outside. */
export function lostWords(
  impact: Pick<Impact, 'runs_lost_now' | 'runs_now' | 'runs_lost' | 'is_recovered'>,
) {
  const { runs_lost_now, runs_now, runs_lost, is_recovered } = impact;
  if (is_recovered) return 'recovered without losing a run (leave it)';
  const share = runs_now === 0 ? '' : ` (${percent(Math.min(1, runs_lost_now / runs_now))})`;
  return `ended ${runs_lost_now} of ${runs_now} runs of the version in use${share} and ${runs_lost} in all`;
}

/** Time, tokens and money, as far as they are known. */
export function costWords({
  failed_seconds,
  usage,
}: Pick<Impact, 'failed_seconds' | 'usage'>): string {
  const time = `failed attempts took ${timeWords(failed_seconds)}`;
  if (!usage) return `${time}; no failed span reports tokens or money`;
  const cost = usage.cost > 0 ? ` and cost ${usage.cost.toPrecision(3)}` : '';
  return (
    `${time}; ${usage.failures} of them report ${usage.input_tokens} input and ` +
    `${usage.output_tokens} output tokens${cost}`
  );
}

function timeWords(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  return seconds < 7200 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
