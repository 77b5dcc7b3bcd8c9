// The failures of a run on a line of time, with lines from each to what it followed from.
import type { Cascade, Member } from '../../questions/cascade/question.ts';
import { duration } from '../format.ts';
import { to } from '../route.ts';

const WIDTH = 640;
const ROW = 26;
const LEFT = 150;
const RIGHT = 20;
const NAME_CHARACTERS = 18;
/** More than this is shown in the list below only. */
const DRAWN = 60;

interface Placed {
  member: Member;
  x: number;
  y: number;
}

export function RunTimeline({ cascade, asked }: { cascade: Cascade; asked: string }) {
  const members = cascade.failures.slice(0, DRAWN);
  const times = members.map(({ timestamp }) => Date.parse(timestamp));
  const first = Math.min(...times, ...instant(cascade.run?.started_at));
  const last = Math.max(...times, ...instant(cascade.run?.ended_at));
  const span = Math.max(1, last - first);
  const xOf = (ms: number) => LEFT + ((ms - first) / span) * (WIDTH - LEFT - RIGHT);
  const placed = new Map<string, Placed>(
    members.map((member, at) => [
      member.failure_id,
      { member, x: xOf(times[at]!), y: ROW / 2 + at * ROW },
    ]),
  );
  const height = members.length * ROW + 24;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section class="wide" aria-label="The run on a line of time" tabIndex={0}>
      <svg class="run" width={WIDTH} height={height} viewBox={`0 0 ${WIDTH} ${height}`}>
        <title>Failures of the run by time; the list below says the same in words</title>
        {[...placed.values()].map((at) => (
          <path key={at.member.failure_id} class="lane" d={`M${LEFT} ${at.y}H${WIDTH - RIGHT}`} />
        ))}
        {[...placed.values()].flatMap((at) =>
          at.member.follows.flatMap(({ failure_id, certain }) => {
            const from = placed.get(failure_id);
            if (!from) return [];
            return [
              <path
                key={`${failure_id} ${at.member.failure_id}`}
                class={certain ? 'follows' : 'follows perhaps'}
                d={`M${from.x} ${from.y}C${from.x} ${at.y} ${from.x} ${at.y} ${at.x} ${at.y}`}
              />,
            ];
          }),
        )}
        {[...placed.values()].map((at, index) => (
          <Dot
            key={at.member.failure_id}
            at={at}
            number={index + 1}
            cascade={cascade}
            asked={asked}
          />
        ))}
        <text x={LEFT} y={height - 6}>
          0
        </text>
        <text x={WIDTH - RIGHT} y={height - 6} text-anchor="end">
          {duration(span)}
        </text>
      </svg>
    </section>
  );
}

const instant = (text: string | null | undefined): number[] => (text ? [Date.parse(text)] : []);

function Dot({
  at: { member, x, y },
  number,
  cascade,
  asked,
}: {
  at: Placed;
  number: number;
  cascade: Cascade;
  asked: string;
}) {
  const { failure_id, node_id } = member;
  const name = `${number}. ${node_id || 'graph'}`;
  const kind = [
    failure_id === cascade.root_failure_id ? 'root' : '',
    failure_id === asked ? 'asked' : '',
  ].join(' ');
  return (
    <a href={to.failure(failure_id)}>
      <rect class="hit" y={y - ROW / 2} width={WIDTH} height={ROW} />
      <text x="4" y={y + 4}>
        {name.length > NAME_CHARACTERS ? `${name.slice(0, NAME_CHARACTERS)}…` : name}
      </text>
      <circle class={kind} cx={x} cy={y} r={failure_id === asked ? 7 : 5} />
    </a>
  );
}
