// Bursts that others had at the same time: an outage of what they share, which no change of this agent
// brought or ended. Their runs are left out of both sides.
import betaCdf from '@stdlib/stats-base-dists-beta-cdf';
import { z } from 'zod';
import { storedForm } from '../../base/cursor.ts';
import type { Store } from '../../base/store.ts';
import { BLOCK_MS, type Block, type Burst, burstsIn } from './clustering.ts';
import type { Unit } from './counts.ts';

const HOUR_MS = 3_600_000;
const BLOCK_SECONDS = 600;
/** Time before and after a burst that others are compared with. */
const AROUND_MS = 3 * HOUR_MS;
/** Bursts of a side that are looked at, those with the most failed runs. */
const MOST_BURSTS = 8;
/** Failed runs of others without which they had no burst. */
const FEWEST = 3;
/** Chance of so many failed runs of others in a burst, if they came as before and after it. */
const CHANCE = 0.001;

const row = z.object({
  block: z.coerce.number(),
  failed_runs: z.coerce.number(),
  agents: z.array(z.string()),
});

/** Failed runs of others within a stretch of time. */
export interface Elsewhere {
  /** ms since 1970. */
  since: number;
  failed_runs: number;
  /** Other agents, at most four; '' stands for other nodes of the same agent. */
  agents: readonly string[];
}

/** A burst that others had as well. */
export interface Outage extends Burst {
  elsewhere: number;
  agents: string[];
}

/** What failures elsewhere have in common with those that are judged. */
export interface Kind {
  classes: string[];
  types: string[];
}

/** The bursts of both sides that others had as well, in their order. */
export async function readOutages(
  store: Store,
  agent: string,
  { fingerprints, nodes }: Unit,
  kind: Kind,
  sides: readonly (readonly Block[])[],
): Promise<Outage[]> {
  const bursts = sides.flatMap((blocks) =>
    burstsIn(blocks)
      .sort((one, other) => other.failed_runs - one.failed_runs)
      .slice(0, MOST_BURSTS),
  );
  if (bursts.length === 0) return [];
  const instant = (ms: number) => storedForm(new Date(ms).toISOString());
  const starts = bursts.map(({ since }) => since - AROUND_MS);
  const ends = bursts.map(({ until }) => until + AROUND_MS);
  const rows = await store.rows(
    'failures_elsewhere',
    {
      agent,
      fingerprints,
      nodes,
      ...kind,
      since: instant(Math.min(...starts)),
      until: instant(Math.max(...ends)),
      starts: starts.map(instant),
      ends: ends.map(instant),
      block_seconds: BLOCK_SECONDS,
    },
    row,
  );
  const elsewhere = rows.map(({ block, ...more }) => ({
    since: block * BLOCK_SECONDS * 1000,
    ...more,
  }));
  return outagesOf(bursts, elsewhere);
}

/** Of some bursts those in which others failed far more often than before and after them. Pure. */
export function outagesOf(bursts: readonly Burst[], elsewhere: readonly Elsewhere[]): Outage[] {
  const isWithin = ({ since }: Elsewhere, from: number, to: number) => since >= from && since < to;
  const isInBurst = (one: Elsewhere) =>
    bursts.some(({ since, until }) => isWithin(one, since, until));
  return bursts
    .flatMap((burst) => {
      const { since, until } = burst;
      const during = elsewhere.filter((one) => isWithin(one, since, until));
      const around = elsewhere.filter(
        (one) => isWithin(one, since - AROUND_MS, until + AROUND_MS) && !isInBurst(one),
      );
      const failed = sum(during);
      const share = (until - since) / (until - since + 2 * AROUND_MS);
      if (failed < FEWEST || atLeast(failed, failed + sum(around), share) > CHANCE) return [];
      const agents = [...new Set(during.flatMap((one) => one.agents))].sort();
      return [{ ...burst, elsewhere: failed, agents }];
    })
    .sort((one, other) => one.since - other.since);
}

/** The blocks that lie in no outage, nor touch one: an outage begins and ends within a block. */
export const outside = (blocks: readonly Block[], outages: readonly Outage[]): Block[] =>
  blocks.filter(
    ({ since }) => !outages.some((one) => since + BLOCK_MS >= one.since && since <= one.until),
  );

const sum = (elsewhere: readonly Elsewhere[]): number =>
  elsewhere.reduce((total, { failed_runs }) => total + failed_runs, 0);

/** P(at least `count` of `trials`) where each comes true with `chance`. */
const atLeast = (count: number, trials: number, chance: number): number =>
  betaCdf(chance, count, trials - count + 1);
