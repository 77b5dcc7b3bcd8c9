// What a fix did: both rates as bars, and the interval of their ratio on a scale of its own.
import type { Counted, Effect } from '../../questions/ledger/schemas.ts';
import { number, share } from '../format.ts';
import { Judged } from './badges.tsx';

const WIDTH = 260;
/** The scale goes from a thirtieth to thirty times, in equal steps of factors. */
const FARTHEST = 30;
const place = (ratio: number): number => {
  const bounded = Math.min(FARTHEST, Math.max(1 / FARTHEST, ratio));
  return 6 + ((Math.log(bounded) / Math.log(FARTHEST) + 1) / 2) * (WIDTH - 12);
};

export function EffectDrawn({ effect }: { effect: Effect }) {
  const { before, after, notes, verdict } = effect;
  const most = Math.max(before.run_rate ?? 0, after.run_rate ?? 0, 0.01);
  return (
    <div class="effect">
      <p>
        <Judged verdict={verdict} />
      </p>
      <Rate name="before" side={before} most={most} />
      <Rate name="after" side={after} most={most} />
      <Interval effect={effect} />
      {notes.map((note) => (
        <p class="quiet" key={note} dir="auto">
          {note}
        </p>
      ))}
    </div>
  );
}

function Rate({ name, side, most }: { name: 'before' | 'after'; side: Counted; most: number }) {
  const { run_rate, failed_runs, runs } = side;
  const label =
    run_rate === null
      ? `${name}: no runs`
      : `${name}: ${share(run_rate)} of runs failed (${number(failed_runs)} of ${number(runs)})`;
  return (
    <div class={`rate ${name}`}>
      <span>{label}</span>
      <svg viewBox={`0 0 ${WIDTH} 10`} aria-hidden="true">
        <rect class="ground" width={WIDTH} height="10" rx="2" />
        <rect class="part" width={((run_rate ?? 0) / most) * WIDTH} height="10" rx="2" />
      </svg>
    </div>
  );
}

function Interval({ effect: { rate_ratio, interval } }: { effect: Effect }) {
  const [low, high] = interval;
  const label =
    `ratio ${rate_ratio === null ? 'unknown' : rate_ratio.toFixed(2)}, ` +
    `with 95 % between ${low.toFixed(2)} and ${high === null ? 'no bound' : high.toFixed(2)}`;
  const [left, right] = [place(low), place(high ?? FARTHEST)];
  return (
    <div class="rate">
      <span>{label}</span>
      <svg viewBox={`0 0 ${WIDTH} 30`} role="img" aria-label={`${label}; 1 means no change`}>
        <path class="axis" d={`M6 10H${WIDTH - 6}`} />
        {[0.1, 1, 10].map((tick) => (
          <g key={tick}>
            <path class={tick === 1 ? 'same' : 'axis'} d={`M${place(tick)} 3V17`} />
            <text x={place(tick)} y="28" text-anchor="middle">
              ×{tick}
            </text>
          </g>
        ))}
        <path
          class="interval"
          d={`M${left} 10H${right}M${left} 6V14${high === null ? '' : `M${right} 6V14`}`}
        />
        {rate_ratio !== null && <circle cx={place(rate_ratio)} cy="10" r="4" />}
      </svg>
    </div>
  );
}
