// How many runs were lost, and what can be said of their share. Pure.
import { exactInterval } from '../advice/interval.ts';
import { type Block, designEffect } from '../ledger/clustering.ts';
import type { LostRuns } from './question.ts';

/** Chance that a bound is wrong, each: together they leave 99 %. */
const BOUND_ERROR = 0.005;
/** Newest runs that are looked at by themselves, so that long good times do not hide what began lately. */
const NEWEST = [1000, 200, 50];
/** A share that would leave so many runs good with less than this chance is over. */
const ENDED_CHANCE = 0.01;
/** More runs than this are not predicted. */
const FURTHEST = 10_000;

/** The share of lost runs; runs that are lost together in bursts count as fewer. */
export function lostIn(blocks: readonly Block[]): LostRuns {
  const runs = sum(blocks, (block) => block.runs);
  const lost = sum(blocks, (block) => block.failed);
  const design_effect = designEffect([blocks]);
  return {
    runs: Math.round(runs),
    runs_lost: lost,
    share: runs === 0 ? null : lost / runs,
    interval: exactInterval(runs / design_effect, lost / design_effect, BOUND_ERROR),
    design_effect,
  };
}

/** Of all runs, and of the newest ones, those whose share is surely highest. */
export function highest(blocks: readonly Block[]): LostRuns {
  return [blocks, ...NEWEST.map((runs) => newest(blocks, runs))]
    .map(lostIn)
    .reduce((best, one) => (one.interval[0] > best.interval[0] ? one : best));
}

/** The last blocks that hold at least so many runs. */
export function newest(blocks: readonly Block[], runs: number): readonly Block[] {
  let held = 0;
  const from = blocks.findLastIndex((block) => {
    held += block.runs;
    return held >= runs;
  });
  return from === -1 ? blocks : blocks.slice(from);
}

/** Runs since the last block in which one was lost. */
export function runsSinceLoss(blocks: readonly Block[]): number {
  const last = blocks.findLastIndex(({ failed }) => failed > 0);
  return Math.round(sum(blocks.slice(last + 1), (block) => block.runs));
}

/** Whether so many good runs since the last lost one say that it is over. */
export function hasEnded(blocks: readonly Block[]): boolean {
  const { share } = lostIn(blocks);
  return share !== null && share > 0 && (1 - share) ** runsSinceLoss(blocks) < ENDED_CHANCE;
}

/**
 * How many more runs it takes, if the share stays as it is, until the share is surely above or below
 * `tolerated`; null where no number of runs that is worth naming would do.
 */
export function runsUntilSure(
  { runs, runs_lost, design_effect }: LostRuns,
  { tolerated, fewest }: { tolerated: number; fewest: number },
): number | null {
  const share = (runs_lost + 0.5) / (runs + 1);
  const isSure = (all: number) => {
    const trials = all / design_effect;
    const [low, high] = exactInterval(trials, share * trials, BOUND_ERROR);
    return (low > tolerated && share * all >= fewest) || high < tolerated;
  };
  return firstThat(isSure, runs + 1, runs + FURTHEST, (all) => all - runs);
}

/** The smallest number for which something holds that, once true, stays true; null beyond `most`. */
export function firstThat(
  isTrue: (number: number) => boolean,
  least: number,
  most: number,
  shown = (number: number) => number,
): number | null {
  let [low, high] = [least, least];
  while (!isTrue(high)) {
    if (high >= most) return null;
    low = high + 1;
    high = Math.min(most, high + Math.max(1, high - least) + 1);
  }
  while (low < high) {
    const half = Math.floor((low + high) / 2);
    if (isTrue(half)) high = half;
    else low = half + 1;
  }
  return shown(low);
}

export const sum = <Row>(rows: readonly Row[], of: (row: Row) => number): number =>
  rows.reduce((total, row) => total + of(row), 0);
