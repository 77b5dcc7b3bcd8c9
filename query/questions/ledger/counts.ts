// Counts attempts and failures per unit, version and stretch of time, and adds them up to windows.
import { z } from 'zod';
import { storedForm } from '../../base/cursor.ts';
import type { Store } from '../../base/store.ts';
import { type Block, joinBlocks } from './clustering.ts';
import { NameSets } from './name-sets.ts';
import type { Counted } from './schemas.ts';
import { NEVER, type Side } from './windows.ts';

/** What is counted as one: usually a fingerprint and its node. */
export interface Unit {
  fingerprints: string[];
  /** '' stands for the graph as a whole, whose attempts are its runs. */
  nodes: string[];
}

/** Blocks that runs are counted in; they are joined to longer ones that start with a run. */
const BLOCK_SECONDS = 600;

const count = z.coerce.number();
const stretch = {
  unit: count,
  graph_snapshot_ref: z.string(),
  /** How many of the marks lie at or before it. */
  stretch: count,
  first_seen: z.string(),
  last_seen: z.string(),
  /** Numbers of the blocks of time since 1970 in which there was something. */
  blocks: z.array(count),
};
const exposureRow = z.object({
  ...stretch,
  attempts: count,
  runs: count,
  /** First attempts in each of the blocks. */
  block_tries: z.array(count),
});
const failureRow = z.object({
  ...stretch,
  failures: count,
  failed_runs: count,
  terminal_runs: count,
  block_failed_runs: z.array(count),
});

/** What was counted, with the instants and versions that it lies in. */
export interface Sum extends Counted {
  graph_snapshot_refs: string[];
  /** First and last attempt; null without any. */
  since: string | null;
  until: string | null;
  /** More runs failed than are known to have tried the node. */
  incomplete: boolean;
  /** The runs by time, ordered. */
  blocks: Block[];
}

export interface Counts {
  /** @param unit index of the unit */
  of(unit: number, side: Side): Sum;
}

/** Asks for the counts of some units, divided at the ends of `sides`. */
export async function countUnits(
  store: Store,
  agent: string,
  units: Unit[],
  sides: Side[],
): Promise<Counts> {
  const ends = sides.flatMap(({ since, until }) => [since, until]);
  const marks = [...new Set(ends)].filter((end) => end !== '' && end !== NEVER).sort();
  const shared = {
    agent,
    marks: marks.map(storedForm),
    refs: versionsOf(sides),
    block_seconds: BLOCK_SECONDS,
  };
  const nodes = new NameSets(units.map((unit) => unit.nodes));
  const exposures = await nodes.ask((names, places) =>
    store.rows('effect_exposure', { ...shared, nodes: names, units: places }, exposureRow),
  );
  // Failures are kept longer than attempts. Those older than every attempt have no denominator.
  const since = exposures.map((row) => row.first_seen).sort()[0] ?? '1970-01-01T00:00:00Z';
  const fingerprints = new NameSets(units.map((unit) => unit.fingerprints));
  const failures = await fingerprints.ask((names, places) =>
    store.rows(
      'effect_failures',
      { ...shared, since: storedForm(since), fingerprints: names, units: places },
      failureRow,
    ),
  );
  const within = ({ refs, except, since, until }: Side) => {
    const isIn = (row: { graph_snapshot_ref: string; stretch: number }) =>
      (refs ? refs.has(row.graph_snapshot_ref) : !except.has(row.graph_snapshot_ref)) &&
      (marks[row.stretch - 1] ?? '') >= since &&
      (marks[row.stretch] ?? NEVER) <= until;
    return isIn;
  };
  return {
    of: (unit, side) => {
      const isIn = within(side);
      return sumUp(
        exposures.filter((row) => row.unit === nodes.placeOf(unit) && isIn(row)),
        failures.filter((row) => row.unit === fingerprints.placeOf(unit) && isIn(row)),
      );
    },
  };
}

/** The versions that the sides lie on, none when one of them lies on any. */
export function versionsOf(sides: readonly Side[]): string[] {
  if (sides.some(({ refs }) => refs === null)) return [];
  return [...new Set(sides.flatMap(({ refs }) => [...(refs ?? [])]))];
}

function sumUp(
  exposures: z.infer<typeof exposureRow>[],
  failed: z.infer<typeof failureRow>[],
): Sum {
  const total = <Row>(rows: Row[], value: (row: Row) => number) =>
    rows.reduce((sum, row) => sum + value(row), 0);
  const attempts = total(exposures, (row) => row.attempts);
  const failures = total(failed, (row) => row.failures);
  const triedRuns = total(exposures, (row) => row.runs);
  const failed_runs = total(failed, (row) => row.failed_runs);
  // Without any attempt on record there is no exposure, whatever failed.
  const runs = triedRuns === 0 ? 0 : Math.max(triedRuns, failed_runs);
  return {
    attempts,
    failures,
    rate: attempts === 0 ? null : failures / attempts,
    runs,
    failed_runs,
    terminal_runs: total(failed, (row) => row.terminal_runs),
    run_rate: runs === 0 ? null : failed_runs / runs,
    graph_snapshot_refs: [...new Set(exposures.map((row) => row.graph_snapshot_ref))].sort(),
    since: exposures.map((row) => row.first_seen).sort()[0] ?? null,
    until:
      exposures
        .map((row) => row.last_seen)
        .sort()
        .at(-1) ?? null,
    incomplete: failed_runs > triedRuns,
    blocks: blocksOf(exposures, failed),
  };
}

/** The runs of a side by time. Blocks that a mark divides, and those of several versions, are added up. */
function blocksOf(
  exposures: readonly z.infer<typeof exposureRow>[],
  failed: readonly z.infer<typeof failureRow>[],
): Block[] {
  const blocks = new Map<number, Block>();
  const blockAt = (number: number): Block => {
    const since = number * BLOCK_SECONDS * 1000;
    const block = blocks.get(number) ?? { since, runs: 0, failed: 0 };
    blocks.set(number, block);
    return block;
  };
  for (const { blocks: numbers, block_tries, runs } of exposures) {
    // A node that a run enters several times has as many first attempts.
    const runsOfTry =
      runs /
      Math.max(
        1,
        block_tries.reduce((sum, tries) => sum + tries, 0),
      );
    numbers.forEach((number, place) => {
      blockAt(number).runs += block_tries[place]! * runsOfTry;
    });
  }
  for (const { blocks: numbers, block_failed_runs } of failed) {
    numbers.forEach((number, place) => {
      blockAt(number).failed += block_failed_runs[place]!;
    });
  }
  const ordered = [...blocks.values()].sort((one, other) => one.since - other.since);
  return joinBlocks(ordered).map((block) => ({
    ...block,
    runs: Math.max(block.runs, block.failed),
  }));
}
