// How often the advice on evolutions is right over seeded worlds; no time is measured.
import { type Tally, tally } from '../query/questions/evolution-advice/tally.ts';
import { ENOUGH, TOO_FEW } from '../query/questions/evolution-advice/worlds.ts';

export const name = 'Advice on evolutions: shares over seeded worlds';

const WORLDS = 200;
const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`;

export function run(): Promise<void> {
  for (const [title, kinds] of [
    ['enough runs', ENOUGH],
    ['too few runs', TOO_FEW],
  ] as const) {
    const tallies = tally(kinds, WORLDS);
    for (const { kind, right, worlds, needless, wrong } of tallies) {
      console.log(
        `${kind}: right ${percent(right, worlds)}, needless evolutions ${percent(needless, worlds)} ${JSON.stringify(wrong)}`,
      );
    }
    const total = (of: (one: Tally) => number) => tallies.reduce((sum, one) => sum + of(one), 0);
    const worlds = total((one) => one.worlds);
    console.log(
      `${title}, ${worlds} worlds: right ${percent(
        total((one) => one.right),
        worlds,
      )}, needless evolutions ${percent(
        total((one) => one.needless),
        worlds,
      )}\n`,
    );
  }
  return Promise.resolve();
}
