// How far failed runs come in bursts: runs of one outage fail together, so they say less than as many
// independent ones. Pure. The reasons and figures: docs/decisions/0040-bursts.md.

/** Runs that tried something within one stretch of time, and those of them that failed. */
export interface Block {
  /** Its start, in ms since 1970. */
  since: number;
  runs: number;
  failed: number;
}

/** A stretch of time in which failed runs came closely together, in ms since 1970. */
export interface Burst {
  since: number;
  until: number;
  failed_runs: number;
}

const HOUR_MS = 3_600_000;
/**
 * Length of a block. What happened within it is not looked at: a client that fires all runs of a version
 * within a few minutes has one block, and whether an outage hit these minutes cannot be known.
 */
export const BLOCK_MS = HOUR_MS / 2;
/** A design effect from which on bursts are worth a look and a word. */
export const NOTABLE = 1.5;
/** Times within which failures may belong together; 0 = within one block. */
const REACHES_MS = [0, HOUR_MS, 3 * HOUR_MS];
/** A longer reach than this share of the time that was seen cannot be distinguished from a change of the rate. */
const LONGEST_SHARE = 1 / 6;
/** Bursts with less time between them are one. */
const GAP_MS = HOUR_MS;

/**
 * By how much the variance of the number of failed runs exceeds that of independent runs (the design
 * effect), at least 1: so many failed runs say as much as one independent one. It is the long-run
 * variance of the residuals with Bartlett's kernel (Newey and West, 1987), divided by the binomial
 * one; the largest over some reaches. Each side has a rate of its own, so that what a change did to
 * the rate is no burst.
 *
 * @param sides blocks of each side, ordered by time, without empty ones
 */
export function designEffect(sides: readonly (readonly Block[])[]): number {
  const residuals = sides.map(residualsOf);
  const expected = residuals.reduce((sum, { variance }) => sum + variance, 0);
  if (expected === 0) return 1;
  const longest = Math.max(...sides.map(extent)) * LONGEST_SHARE;
  const effects = REACHES_MS.filter((reach) => reach <= longest).map((reach) =>
    residuals.reduce((sum, side) => sum + longRunVariance(side, reach), 0),
  );
  return Math.max(1, ...effects.map((variance) => variance / expected));
}

/** The stretches in which more runs failed than the rate of the whole lets expect, in their order. */
export function burstsIn(blocks: readonly Block[]): Burst[] {
  const { excess } = residualsOf(blocks);
  const bursts: Burst[] = [];
  blocks.forEach(({ since, failed }, index) => {
    if (excess[index]! <= 0) return;
    const until = since + BLOCK_MS;
    const last = bursts.at(-1);
    if (last && since - last.until < GAP_MS) {
      last.until = until;
      last.failed_runs += failed;
    } else {
      bursts.push({ since, until, failed_runs: failed });
    }
  });
  return bursts;
}

/**
 * Joins short blocks to blocks of {@link BLOCK_MS}. Each starts with the first run that is in none
 * yet, so that runs of a few minutes are never divided.
 *
 * @param short ordered by time; a start may come twice
 */
export function joinBlocks(short: readonly Block[], length = BLOCK_MS): Block[] {
  const blocks: Block[] = [];
  for (const { since, runs, failed } of short) {
    const last = blocks.at(-1);
    if (last && since - last.since < length) {
      last.runs += runs;
      last.failed += failed;
    } else {
      blocks.push({ since, runs, failed });
    }
  }
  return blocks;
}

interface Residuals {
  blocks: readonly Block[];
  /** Failed runs beyond what the rate of the side lets expect, by block. */
  excess: number[];
  /** Of the number of failed runs, if they were independent. */
  variance: number;
}

function residualsOf(blocks: readonly Block[]): Residuals {
  const runs = blocks.reduce((sum, block) => sum + block.runs, 0);
  const failed = blocks.reduce((sum, block) => sum + block.failed, 0);
  const rate = runs === 0 ? 0 : failed / runs;
  return {
    blocks,
    excess: blocks.map((block) => block.failed - block.runs * rate),
    variance: runs * rate * (1 - rate),
  };
}

function longRunVariance({ blocks, excess }: Residuals, reach: number): number {
  const width = reach + BLOCK_MS;
  let sum = 0;
  blocks.forEach(({ since }, index) => {
    sum += excess[index]! ** 2;
    for (let next = index + 1; next < blocks.length; next += 1) {
      const weight = 1 - (blocks[next]!.since - since) / width;
      if (weight <= 0) break;
      if (reach > 0) sum += 2 * weight * excess[index]! * excess[next]!;
    }
  });
  // The rate comes from the same blocks, which takes away about this share.
  const used = Math.max(1 / blocks.length, width / extent(blocks));
  return sum === 0 ? 0 : sum / (1 - Math.min(used, 0.5));
}

const extent = (blocks: readonly Block[]): number =>
  blocks.length === 0 ? 0 : blocks.at(-1)!.since - blocks[0]!.since + BLOCK_MS;
