// Does the memory help? A closed loop over seeded worlds: agents with planted faults, scripted Queens with a
// fixed repertoire of fixes, with and without memory. No language model, and no time is measured.
import { seeded } from '../query/questions/ledger/random.ts';
import {
  advised,
  briefed,
  careful,
  forgetful,
  liveThrough,
  type Outcome,
  type Queen,
} from './loop/queens.ts';

export const name =
  'The loop: evolutions until healthy, with and without memory (no language model)';

const WORLDS = Number(process.env.FAULTLINE_LOOP_WORLDS ?? 500);
const RESAMPLES = 2000;

const queens: Record<string, Queen> = {
  'without memory': forgetful,
  'without memory, careful': careful,
  'with the brief': briefed,
  'with brief and advice': advised,
};

type Measure = (one: Outcome) => number;
const mean = (all: readonly Outcome[], of: Measure): number =>
  all.reduce((sum, one) => sum + of(one), 0) / all.length;

/** 95 % of what other draws of worlds would give, by resampling worlds. */
function interval(of: (worlds: readonly number[]) => number): string {
  const random = seeded(1);
  const draws = Array.from({ length: RESAMPLES }, () =>
    of(Array.from({ length: WORLDS }, () => Math.floor(random() * WORLDS))),
  ).sort((one, other) => one - other);
  const at = (share: number) => draws[Math.floor(share * RESAMPLES)]!;
  return `[${at(0.025).toFixed(2)}, ${at(0.975).toFixed(2)}]`;
}

const measures: Record<string, Measure> = {
  'evolutions until healthy': (one) => one.evolutions,
  'repeated failed fixes': (one) => one.repeated,
  'needless evolutions': (one) => one.needless,
  'runs lost to harmful fixes': (one) => one.harm,
  'runs lost to any fault': (one) => one.lost,
  'batches until healthy': (one) => one.batches,
  'share healthy at the end': (one) => Number(one.is_healthy),
  'times that a person was asked': (one) => one.asked,
};

export function run(): Promise<void> {
  const seeds = Array.from({ length: WORLDS }, (_, seed) => seed + 1);
  const outcomes = Object.entries(queens).map(
    ([title, queen]) => [title, seeds.map((seed) => liveThrough(seed, queen))] as const,
  );
  console.log(`${WORLDS} worlds; means with 95 % intervals by resampling worlds\n`);
  for (const [title, all] of outcomes) {
    console.log(title);
    for (const [what, of] of Object.entries(measures)) {
      const spread = interval((worlds) =>
        mean(
          worlds.map((at) => all[at]!),
          of,
        ),
      );
      console.log(`  ${what.padEnd(30)} ${mean(all, of).toFixed(2).padStart(7)} ${spread}`);
    }
  }
  const evolutions = (all: readonly Outcome[], worlds: readonly number[]) =>
    mean(
      worlds.map((at) => all[at]!),
      measures['evolutions until healthy']!,
    );
  const all = seeds.map((_, at) => at);
  const memory = outcomes.at(-1)![1];
  for (const [title, others] of outcomes.slice(0, -1)) {
    const fewer = (worlds: readonly number[]) =>
      1 - evolutions(memory, worlds) / evolutions(others, worlds);
    console.log(
      `evolutions until healthy, brief and advice against ${title}: ${(100 * fewer(all)).toFixed(0)} % fewer ${interval(fewer)}`,
    );
  }
  return Promise.resolve();
}
