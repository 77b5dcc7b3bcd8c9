// Failures of the last eight days as small bars.
import { counted, number } from '../format.ts';

const HOUR_MS = 3_600_000;
const BARS = 48;
const HOURS_A_BAR = 4;
const WIDTH = 144;
const HEIGHT = 28;

export function Trend({
  hourly,
  now = Date.now(),
}: {
  hourly: { hour: string; failures: number }[];
  now?: number;
}) {
  const bars = new Array<number>(BARS).fill(0);
  for (const { hour, failures } of hourly) {
    const back = Math.floor((now - Date.parse(hour)) / HOUR_MS / HOURS_A_BAR);
    const at = BARS - 1 - back;
    if (at >= 0 && at < BARS) bars[at]! += failures;
  }
  const most = Math.max(...bars);
  const all = bars.reduce((sum, bar) => sum + bar, 0);
  const label =
    all === 0
      ? 'No failures in eight days'
      : `${counted(all, 'failure')} in eight days, at most ${number(most)} in four hours`;
  const width = WIDTH / BARS;
  return (
    <svg
      class="trend"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="xMinYMid"
      role="img"
      aria-label={label}
    >
      <title>{label}</title>
      <path class="ground" d={`M0 ${HEIGHT - 0.5}H${WIDTH}`} />
      {bars.map((failures, at) => {
        if (failures === 0) return null;
        const height = Math.max(2, (failures / most) * (HEIGHT - 2));
        return (
          <rect key={at} x={at * width} y={HEIGHT - height} width={width - 0.6} height={height} />
        );
      })}
    </svg>
  );
}
