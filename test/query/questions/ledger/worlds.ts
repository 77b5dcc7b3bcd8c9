// Seeded worlds in which runs fail independently, or together in outages.
import type { Block } from '../../../../query/questions/ledger/clustering.ts';
import { burstsIn, joinBlocks } from '../../../../query/questions/ledger/clustering.ts';
import { type Elsewhere, outagesOf, outside } from '../../../../query/questions/ledger/outages.ts';
import {
  type Judgement,
  judge,
  type SideRuns,
} from '../../../../query/questions/ledger/verdict.ts';
import { seeded } from './random.ts';

export const HOUR = 3_600_000;
const SHORT = 600_000;

/** A run; `at` in ms from the beginning of the world. */
export interface Run {
  at: number;
  failed: boolean;
}

/** From and until, in ms. */
export type Outage = readonly [number, number];

export interface OutageWorld {
  random: () => number;
  outages: Outage[];
  runs: Run[];
}

/** 48 hours with two to five outages of half an hour to two and a half hours, one after the other seed. */
export function outageWorld(
  seed: number,
  { perHour, chance, otherwise = 0 }: { perHour: number; chance: number; otherwise?: number },
): OutageWorld {
  const random = seeded(seed);
  const outages = Array.from({ length: 2 + (seed % 4) }, (): Outage => {
    const length = 0.5 + 2 * random();
    const start = random() * (48 - length);
    return [start * HOUR, (start + length) * HOUR];
  });
  return { random, outages, runs: runsIn(random, outages, { perHour, chance, otherwise }) };
}

/** Runs of one agent in 48 hours. */
export function runsIn(
  random: () => number,
  outages: readonly Outage[],
  { perHour, chance, otherwise = 0 }: { perHour: number; chance: number; otherwise?: number },
): Run[] {
  return Array.from({ length: Math.round(perHour * 48) }, () => random() * 48 * HOUR).map((at) => {
    const isOut = outages.some(([from, until]) => at >= from && at < until);
    return { at, failed: random() < (isOut ? chance : otherwise) };
  });
}

export function sideOf(runs: readonly Run[]): SideRuns & { blocks: Block[] } {
  const blocks = new Map<number, Block>();
  for (const { at, failed } of runs) {
    const since = Math.floor(at / SHORT) * SHORT;
    const block = blocks.get(since) ?? { since, runs: 0, failed: 0 };
    blocks.set(since, { since, runs: block.runs + 1, failed: block.failed + Number(failed) });
  }
  return {
    trials: runs.length,
    failed: runs.filter(({ failed }) => failed).length,
    blocks: joinBlocks([...blocks.values()].sort((one, other) => one.since - other.since)),
  };
}

/** The verdict on a change at `at`, looked at `until`. */
export function verdictAt(
  runs: readonly Run[],
  at: number,
  until = Number.POSITIVE_INFINITY,
): Judgement {
  return judge(
    sideOf(runs.filter((run) => run.at < at)),
    sideOf(runs.filter((run) => run.at >= at && run.at < until)),
  );
}

/** The same with the failed runs of another agent at hand. */
export function controlledVerdict(
  runs: readonly Run[],
  others: readonly Run[],
  at: number,
): Judgement {
  const sides = [runs.filter((run) => run.at < at), runs.filter((run) => run.at >= at)].map(sideOf);
  const elsewhere = others.flatMap((run): Elsewhere[] =>
    run.failed ? [{ since: run.at, failed_runs: 1, agents: ['other'] }] : [],
  );
  const outages = outagesOf(
    sides.flatMap(({ blocks }) => burstsIn(blocks)),
    elsewhere,
  );
  const [before, after] = sides.map(({ blocks }): SideRuns => {
    const left = outside(blocks, outages);
    const total = (of: (block: Block) => number) => left.reduce((sum, one) => sum + of(one), 0);
    return {
      trials: total((one) => one.runs),
      failed: total((one) => one.failed),
      blocks: left,
    };
  });
  return judge(before!, after!);
}

/** 300 runs on each side, spread evenly by chance, of which some fail independently. */
export function steadyWorld(seed: number, { hours, ratio }: { hours: number; ratio: number }) {
  const random = seeded(seed);
  const rate = 0.1 + 0.2 * random();
  const side = (start: number, chance: number): Run[] =>
    Array.from({ length: 300 }, () => ({
      at: (start + random() * hours) * HOUR,
      failed: random() < chance,
    }));
  return { random, rate, at: hours * HOUR, runs: [...side(0, rate), ...side(hours, rate * ratio)] };
}
