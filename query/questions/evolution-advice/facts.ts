// Reads what the advice is made of.
import { z } from 'zod';
import { BEGINNING, storedForm } from '../../base/cursor.ts';
import { NotFoundError } from '../../base/errors.ts';
import type { Store } from '../../base/store.ts';
import type { Evolution } from '../evolutions/schemas.ts';
import { type GroupFacts, readGroups } from '../groups/facts.ts';
import { type Impact, type InUse, readImpact, versionInUse } from '../impact/impact.ts';
import { type Block, joinBlocks } from '../ledger/clustering.ts';
import { judgeOthers } from '../ledger/effects.ts';
import { type Ledger, ledgerOf, onePerGroup, type Question } from '../ledger/ledger.ts';
import { outside, readOutages } from '../ledger/outages.ts';
import type { Effect } from '../ledger/schemas.ts';
import { targetsOf } from '../ledger/targets.ts';
import type { Change, VersionRuns } from './change.ts';
import type { Facts } from './decide.ts';
import { sum } from './lost-runs.ts';
import { factsOf, type Problem } from './problem.ts';

const DAY_MS = 86_400_000;
const LOOK_BACK_DAYS = 30;
const BLOCK_SECONDS = 600;
/** Problems that are looked at, those that ended most runs. */
const MOST_PROBLEMS = 8;
/** Evolutions of one problem, and groups of one evolution, that are judged. */
const MOST_FIXES = 10;
const MOST_TARGETS = 5;

const count = z.coerce.number();
const outcomes = z.object({
  graph_snapshot_ref: z.string(),
  runs: count,
  last_started: z.string(),
});
const block = { graph_snapshot_ref: z.string(), block: count, failed: count };
const runsRow = z.object({ ...block, runs: count, last_started: z.string() });
const lossRow = z.object({ ...block, fingerprint: z.string() });

type Runs = z.infer<typeof runsRow>;
type Loss = z.infer<typeof lossRow>;

/**
 * @param now milliseconds since 1970
 * @throws {NotFoundError} for an agent of which nothing is stored
 */
export async function readFacts(store: Store, agent: string, now: number): Promise<Facts> {
  const [runs, found] = await Promise.all([
    store.rows('run_outcomes', { agent, since: BEGINNING }, outcomes),
    readGroups(store, { agent, now }),
  ]);
  if (runs.length + found.groups.length + found.timeline.length === 0) {
    throw new NotFoundError('agent', agent);
  }
  const inUse = versionInUse(runs, found.groups);
  const impacts = await readImpact(store, { agent, since: BEGINNING, inUse }, found.groups);
  const applied = found.timeline.filter(({ status }) => status === 'applied');
  const origin = originOf(inUse, applied, runs);
  const shown = worstProblems(found.groups, impacts);
  const [counted, ledger] = await Promise.all([
    readRuns(store, agent, { refs: [inUse.ref, origin?.from_ref ?? inUse.ref], shown, now }),
    judged(ledgerOf(store, agent, found), origin?.evolution, { shown, known: found.effects }),
  ]);
  const problems = await Promise.all(
    shown.map((group) =>
      problemOf(store, group, {
        impact: impacts.get(group.fingerprint)!,
        blocks: counted.lost(inUse.ref, [group.fingerprint]),
        fixes: ledger.fixesOf(group),
      }),
    ),
  );
  const passing = problems.filter((problem) => {
    const { is_retriable, needs_graph_change } = factsOf(problem);
    return is_retriable && !needs_graph_change;
  });
  const outages = problems.flatMap((problem) => problem.outages);
  const runsOf = (ref: string): VersionRuns => {
    const all = counted.all(ref);
    const gone = counted.lost(
      ref,
      passing.map(({ fingerprint }) => fingerprint),
    );
    const own = all.map((one, at) => ({
      ...one,
      failed: Math.max(0, one.failed - gone[at]!.failed),
    }));
    return { all, own: outside(own, outages) };
  };
  return {
    version: {
      graph_snapshot_ref: inUse.ref,
      last_run: counted.lastRun(inUse.ref),
      blocks: counted.all(inUse.ref),
    },
    failures: found.counts.reduce((total, row) => total + row.failures, 0),
    change: origin && changeOf(origin, inUse, ledger.targets, runsOf),
    not_run: notRun(applied, runs, counted.all(inUse.ref)),
    evolutions_today: applied.filter(({ timestamp }) => Date.parse(timestamp) > now - DAY_MS)
      .length,
    problems,
  };
}

/** Where the version in use came from. */
interface Origin {
  evolution: Evolution | undefined;
  from_ref: string;
  timestamp: string;
}

/** The evolution that made the version in use; without one the version whose runs were last before its own. */
function originOf(
  { ref }: InUse,
  applied: readonly Evolution[],
  runs: readonly z.infer<typeof outcomes>[],
): Origin | null {
  const made = applied.findLast((one) => one.graph_snapshot_ref === ref && ref !== '');
  const others = runs.filter(
    (row) => row.graph_snapshot_ref !== ref && row.graph_snapshot_ref !== '',
  );
  // Lists of outcomes have the newest first.
  const older = others[0];
  if (made) {
    const from_ref = made.from_ref || (older?.graph_snapshot_ref ?? '');
    return { evolution: made, from_ref, timestamp: made.timestamp };
  }
  return older
    ? { evolution: undefined, from_ref: older.graph_snapshot_ref, timestamp: older.last_started }
    : null;
}

function changeOf(
  { evolution, from_ref, timestamp }: Origin,
  { ref }: InUse,
  effects: readonly Effect[],
  runsOf: (ref: string) => VersionRuns,
): Change {
  return {
    evolution_id: evolution?.evolution_id ?? null,
    resolution: evolution?.resolution ?? '',
    timestamp,
    from_ref,
    graph_snapshot_ref: ref,
    before: from_ref === '' ? { all: [], own: [] } : runsOf(from_ref),
    after: runsOf(ref),
    effects,
  };
}

/** The newest evolution, where no run is on its version yet. */
function notRun(
  applied: readonly Evolution[],
  runs: readonly { graph_snapshot_ref: string }[],
  blocks: readonly Block[],
): Facts['not_run'] {
  const last = applied.at(-1);
  if (!last || last.graph_snapshot_ref === '' || last.graph_snapshot_ref === last.from_ref)
    return null;
  if (runs.length === 0 || runs.some((row) => row.graph_snapshot_ref === last.graph_snapshot_ref)) {
    return null;
  }
  const { evolution_id, timestamp } = last;
  const since = blocks.filter((one) => one.since > Date.parse(timestamp));
  return { evolution_id, timestamp, runs_since: Math.round(sum(since, (one) => one.runs)) };
}

/** Open groups, those that ended most runs of the version in use first; then what recovers. */
function worstProblems(
  groups: readonly GroupFacts[],
  impacts: ReadonlyMap<string, Impact>,
): GroupFacts[] {
  const met = (group: GroupFacts) => impacts.get(group.fingerprint)?.runs_met_now ?? 0;
  const lost = (group: GroupFacts) => impacts.get(group.fingerprint)?.runs_lost_now ?? 0;
  return groups
    .filter((group) => group.state !== 'resolved' && group.state !== 'ignored' && met(group) > 0)
    .sort(
      (one, other) =>
        lost(other) - lost(one) ||
        met(other) - met(one) ||
        (one.fingerprint < other.fingerprint ? -1 : 1),
    )
    .slice(0, MOST_PROBLEMS);
}

async function problemOf(
  store: Store,
  group: GroupFacts,
  { impact, blocks, fixes }: Pick<Problem, 'blocks' | 'fixes'> & { impact: Impact },
): Promise<Problem> {
  const [newest] = group.counts;
  const { agent_id, fingerprint, fingerprints, annotation } = group;
  const failureClass = annotation?.value ?? newest!.class;
  const isKnown = failureClass !== '' && failureClass !== 'unclassified';
  const kind = {
    classes: isKnown ? [failureClass] : [],
    types: isKnown || ['', 'Error'].includes(newest!.error_type) ? [] : [newest!.error_type],
  };
  const unit = { fingerprints, nodes: [...new Set(group.counts.map(({ node_id }) => node_id))] };
  const outages =
    impact.runs_lost_now === 0 ? [] : await readOutages(store, agent_id, unit, kind, [blocks]);
  return {
    fingerprint,
    node_id: newest!.node_id,
    error_type: newest!.error_type,
    class: failureClass,
    is_recovered: impact.is_recovered,
    blocks,
    outages,
    fixes,
  };
}

/** What evolutions did: that of the version in use to its targets, and all to the problems. */
async function judged(
  ledger: Ledger,
  current: Evolution | undefined,
  { shown, known }: { shown: readonly GroupFacts[]; known: readonly Effect[] },
) {
  const targets = current ? (await targetsOf(ledger.store, [current]))[0]!.fingerprints : [];
  const questions: Question[] = [
    ...onePerGroup(ledger, targets)
      .slice(0, MOST_TARGETS)
      .map((fingerprint) => ({ evolution: current!, fingerprint, targeted: true })),
    ...shown.flatMap(({ fingerprint, evolutions }) =>
      evolutions
        .filter(({ status }) => status !== 'proposed')
        .slice(0, MOST_FIXES)
        .map((evolution) => ({ evolution, fingerprint, targeted: true })),
    ),
  ];
  const effects = await judgeOthers(ledger, questions, known);
  return {
    targets: effects.slice(0, Math.min(MOST_TARGETS, onePerGroup(ledger, targets).length)),
    fixesOf: ({ fingerprint, evolutions }: GroupFacts): Problem['fixes'] =>
      evolutions.flatMap(({ evolution_id }) => {
        const effect = effects.find(
          (one) => one.evolution_id === evolution_id && one.fingerprint === fingerprint,
        );
        return effect ? [{ evolution_id, verdict: effect.verdict }] : [];
      }),
  };
}

/** Runs of some versions by time, and those that some groups ended. */
async function readRuns(
  store: Store,
  agent: string,
  { refs, shown, now }: { refs: string[]; shown: readonly GroupFacts[]; now: number },
) {
  const params = {
    agent,
    refs: [...new Set(refs)],
    since: storedForm(new Date(now - LOOK_BACK_DAYS * DAY_MS).toISOString()),
    block_seconds: BLOCK_SECONDS,
  };
  const members = shown.flatMap(({ fingerprint: group, fingerprints }) =>
    fingerprints.map((fingerprint) => ({ fingerprint, group })),
  );
  const [runs, losses] = await Promise.all([
    store.rows('runs_by_block', params, runsRow),
    members.length === 0
      ? []
      : store.rows(
          'losses_by_block',
          {
            ...params,
            fingerprints: members.map(({ fingerprint }) => fingerprint),
            groups: members.map(({ group }) => group),
          },
          lossRow,
        ),
  ]);
  const of = (ref: string) => runs.filter((row) => row.graph_snapshot_ref === ref);
  return {
    all: (ref: string): Block[] => blocksOf(of(ref), of(ref)),
    lost: (ref: string, groups: readonly string[]): Block[] =>
      blocksOf(
        of(ref),
        losses.filter((row) => row.graph_snapshot_ref === ref && groups.includes(row.fingerprint)),
      ),
    lastRun: (ref: string): string | null =>
      of(ref)
        .map((row) => row.last_started)
        .sort()
        .at(-1) ?? null,
  };
}

/** Blocks of the same runs, whatever is counted as failed in them. */
function blocksOf(runs: readonly Runs[], failed: readonly (Runs | Loss)[]): Block[] {
  const lost = new Map<number, number>();
  for (const row of failed) {
    // A run may end in a later block than it began in.
    const at = runs.findLast(({ block: started }) => started <= row.block)?.block;
    if (at !== undefined) lost.set(at, (lost.get(at) ?? 0) + row.failed);
  }
  const short = runs.map((row) => ({
    since: row.block * BLOCK_SECONDS * 1000,
    runs: row.runs,
    failed: Math.min(row.runs, lost.get(row.block) ?? 0),
  }));
  return joinBlocks(short);
}
