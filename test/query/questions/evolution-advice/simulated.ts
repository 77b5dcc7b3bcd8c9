// An agent that is simulated run by run, and what would be known of it if its runs were stored.

import type { Change, VersionRuns } from '../../../../query/questions/evolution-advice/change.ts';
import type { Facts } from '../../../../query/questions/evolution-advice/decide.ts';
import { factsOf, type Problem } from '../../../../query/questions/evolution-advice/problem.ts';
import type { Evolution } from '../../../../query/questions/evolutions/schemas.ts';
import { type Block, burstsIn, joinBlocks } from '../../../../query/questions/ledger/clustering.ts';
import { type Elsewhere, outagesOf, outside } from '../../../../query/questions/ledger/outages.ts';
import { judge, type SideRuns } from '../../../../query/questions/ledger/verdict.ts';

export const HOUR = 3_600_000;
const SHORT = 600_000;
/** When the simulated time begins, in ms since 1970. */
export const START = Date.parse('2026-11-01T00:00:00Z');

export interface SimulatedRun {
  /** ms since {@link START}. */
  at: number;
  version: string;
  /** The group that ended it. */
  lost: string | null;
  /** Groups that failed in it and recovered. */
  recovered?: string;
}

export interface SimulatedGroup {
  fingerprint: string;
  class: string;
  /** Failed runs of others with the same class. */
  elsewhere?: Elsewhere[];
}

export type SimulatedEvolution = Pick<Evolution, 'evolution_id' | 'status'> & {
  at: number;
  from: string;
  to: string;
  target: string | null;
};

export interface SimulatedHistory {
  /** Ordered by time. */
  runs: SimulatedRun[];
  groups: SimulatedGroup[];
  evolutions: SimulatedEvolution[];
  /** ms since {@link START}. */
  now: number;
}

/** The runs by time. */
function blocksOf(
  runs: readonly SimulatedRun[],
  isFailed: (run: SimulatedRun) => boolean,
): Block[] {
  const blocks = new Map<number, Block>();
  for (const run of runs) {
    const since = START + Math.floor(run.at / SHORT) * SHORT;
    const block = blocks.get(since) ?? { since, runs: 0, failed: 0 };
    blocks.set(since, {
      since,
      runs: block.runs + 1,
      failed: block.failed + Number(isFailed(run)),
    });
  }
  return joinBlocks([...blocks.values()].sort((one, other) => one.since - other.since));
}

const sideOf = (blocks: readonly Block[]): SideRuns => ({
  trials: blocks.reduce((sum, one) => sum + one.runs, 0),
  failed: blocks.reduce((sum, one) => sum + one.failed, 0),
  blocks,
});

/** What a reader of the store would find. */
export function factsFrom({ runs, groups, evolutions, now }: SimulatedHistory): Facts {
  const ref = runs.at(-1)?.version ?? '';
  const on = (version: string) => runs.filter((run) => run.version === version);
  const lostBlocks = (version: string, fingerprint: string) =>
    blocksOf(on(version), (run) => run.lost === fingerprint);
  const outagesIn = ({ elsewhere = [] }: SimulatedGroup, blocks: readonly Block[]) =>
    outagesOf(burstsIn(blocks), elsewhere);

  const effectOf = ({ from, to }: SimulatedEvolution, group: SimulatedGroup) => {
    const sides = [from, to].map((version) => lostBlocks(version, group.fingerprint));
    const outages = sides.flatMap((blocks) => outagesIn(group, blocks));
    const [before, after] = sides.map((blocks) => sideOf(outside(blocks, outages)));
    const { verdict, interval } = judge(before!, after!);
    const counted = ({ trials, failed }: SideRuns) => ({
      attempts: trials,
      failures: failed,
      rate: null,
      runs: trials,
      failed_runs: failed,
      terminal_runs: failed,
      run_rate: null,
    });
    return {
      fingerprint: group.fingerprint,
      verdict,
      interval,
      before: counted(before!),
      after: counted(after!),
    };
  };
  const applied = evolutions.filter(({ status }) => status === 'applied');
  const made = applied.findLast(({ to }) => to === ref);
  const problems = groups.flatMap((group): Problem[] => {
    const met = on(ref).some(
      (run) => run.lost === group.fingerprint || run.recovered === group.fingerprint,
    );
    if (!met) return [];
    const blocks = lostBlocks(ref, group.fingerprint);
    const fixes = evolutions
      .filter(({ target }) => target === group.fingerprint)
      .reverse()
      .map((one) => ({ ...effectOf(one, group), evolution_id: one.evolution_id }));
    return [
      {
        fingerprint: group.fingerprint,
        node_id: 'node',
        error_type: 'Error',
        class: group.class,
        is_recovered: blocks.every(({ failed }) => failed === 0),
        blocks,
        outages: outagesIn(group, blocks),
        fixes,
      },
    ];
  });
  const passing = new Set(
    groups
      .filter((group) => {
        const { is_retriable, needs_graph_change } = factsOf(group);
        return is_retriable && !needs_graph_change;
      })
      .map(({ fingerprint }) => fingerprint),
  );
  const allOutages = problems.flatMap(({ outages }) => outages);
  const runsOf = (version: string): VersionRuns => ({
    all: blocksOf(on(version), ({ lost }) => lost !== null),
    own: outside(
      blocksOf(on(version), ({ lost }) => lost !== null && !passing.has(lost)),
      allOutages,
    ),
  });
  const older = runs.findLast(({ version }) => version !== ref)?.version;
  const from_ref = made?.from ?? older;
  const target = groups.find(({ fingerprint }) => fingerprint === made?.target);
  const change: Change | null =
    from_ref === undefined
      ? null
      : {
          evolution_id: made?.evolution_id ?? null,
          timestamp: new Date(START + (made?.at ?? 0)).toISOString(),
          resolution: '',
          from_ref,
          graph_snapshot_ref: ref,
          before: runsOf(from_ref),
          after: runsOf(ref),
          effects: made && target ? [effectOf(made, target)] : [],
        };
  const last = applied.at(-1);
  return {
    version: {
      graph_snapshot_ref: ref,
      last_run: new Date(START + (runs.at(-1)?.at ?? 0)).toISOString(),
      blocks: blocksOf(on(ref), ({ lost }) => lost !== null),
    },
    failures: runs.filter(({ lost }) => lost !== null).length,
    change,
    not_run:
      last && !runs.some(({ version }) => version === last.to)
        ? { evolution_id: last.evolution_id, timestamp: '', runs_since: 0 }
        : null,
    evolutions_today: applied.filter(({ at }) => at > now - 24 * HOUR).length,
    problems,
  };
}
