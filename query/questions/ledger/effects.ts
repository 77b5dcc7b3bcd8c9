// What evolutions did to the groups that they were made for: the fix ledger.
import { describePartial, partialSoFar } from '../../base/partial.ts';
import { quoteId } from '../../base/quote.ts';
import { type SumBefore, sumsBefore } from './baseline.ts';
import { burstNotes } from './burst-notes.ts';
import { type Counts, countUnits, type Sum, type Unit } from './counts.ts';
import { type Judged, judgeSides } from './judged.ts';
import type { KnownGroup, Ledger, Question } from './ledger.ts';
import { movedGroups } from './moved-groups.ts';
import type { Kind } from './outages.ts';
import type { Effect } from './schemas.ts';
import { nodesOfVersions, type VersionNodes } from './versions.ts';
import { type Window, windowOf } from './windows.ts';

/**
 * Answers in the order of the questions. Same rows, same answers. What was merged is one group: its
 * fingerprints are counted together.
 *
 * @param known nodes of the versions before and after, where these are read already
 */
export async function judgeEffects(
  ledger: Ledger,
  questions: Question[],
  known?: readonly VersionNodes[],
): Promise<Effect[]> {
  if (questions.length === 0) return [];
  const { store, agent, timeline, groups, mapping } = ledger;
  const rows = known ?? (await nodesOfVersions(ledger, questions));
  const snapshots = new Map(rows.map((row) => [row.ref, row]));
  const members = questions.map(({ fingerprint }) => [
    ...new Set([fingerprint, ...mapping.membersOf(mapping.groupOf(fingerprint))]),
  ]);
  const windows = questions.map(({ evolution, until }, index) => {
    const window = windowOf(evolution, timeline, members[index]!);
    const { after } = window;
    return until === undefined || until >= after.until
      ? window
      : { ...window, after: { ...after, until } };
  });
  const moved = await movedGroups(ledger, questions, windows, snapshots);
  const units = questions.map((_question, index): Unit => {
    const movedTo = moved[index]!.map((group) => group.fingerprint);
    const fingerprints = [...new Set([...members[index]!, ...movedTo])];
    const nodes = fingerprints.flatMap((one) => groups.get(one)?.node_id ?? []);
    return { fingerprints, nodes: [...new Set(nodes)] };
  });
  const counts = await countUnits(
    store,
    agent,
    units,
    windows.flatMap(({ before, after }) => [before, after]),
  );
  const before = await sumsBefore(ledger, questions, windows, units, counts);
  const after = windows.map((window, index) => counts.of(index, window.after));
  const judged = await Promise.all(
    questions.map((question, index) => {
      const sides = { before: before[index]!.sum, after: after[index]! };
      return judgeSides(store, agent, units[index]!, kindOf(ledger, question), sides);
    }),
  );
  const effects = questions.map((question, index) =>
    effectOf(question, {
      group: members[index]!.map((name) => groups.get(name)).find((one) => one !== undefined),
      movedTo: moved[index]!,
      unit: units[index]!,
      index,
      window: windows[index]!,
      before: before[index]!,
      after: after[index]!,
      judged: judged[index]!,
      counts,
      newVersion: snapshots.get(question.evolution.graph_snapshot_ref),
    }),
  );
  return withoutVerdicts(effects);
}

/** Rows that are missing may be the failures that say the opposite. */
function withoutVerdicts(effects: Effect[]): Effect[] {
  const partial = partialSoFar();
  if (!partial) return effects;
  const note = `No verdict: ${describePartial(partial)}, so runs and failures are missing.`;
  return effects.map((effect) => ({
    ...effect,
    verdict: 'insufficient_exposure',
    notes: [note, ...effect.notes],
  }));
}

/** The same where some effects are known already: only the others are judged. */
export async function judgeOthers(
  ledger: Ledger,
  questions: readonly Question[],
  known: readonly Effect[],
): Promise<Effect[]> {
  const keyOf = ({ evolution_id }: { evolution_id: string }, fingerprint: string) =>
    JSON.stringify([evolution_id, fingerprint]);
  const found = new Map(known.map((effect) => [keyOf(effect, effect.fingerprint), effect]));
  const keys = questions.map(({ evolution, fingerprint }) => keyOf(evolution, fingerprint));
  const others = questions.filter((_question, index) => !found.has(keys[index]!));
  for (const effect of await judgeEffects(ledger, others)) {
    found.set(keyOf(effect, effect.fingerprint), effect);
  }
  return keys.map((key) => found.get(key)!);
}

/** What failures elsewhere have to share with the group to be of one outage. */
function kindOf({ groups }: Ledger, { fingerprint }: Question): Kind {
  const group = groups.get(fingerprint);
  const isKnown = group && group.class !== '' && group.class !== 'unclassified';
  if (isKnown) return { classes: [group.class], types: [] };
  const { error_type = '' } = group ?? {};
  return { classes: [], types: ['', 'Error'].includes(error_type) ? [] : [error_type] };
}

interface Material {
  group: KnownGroup | undefined;
  /** Groups that it moved to. */
  movedTo: readonly KnownGroup[];
  unit: Unit;
  index: number;
  window: Window;
  before: SumBefore;
  after: Sum;
  judged: Judged;
  counts: Counts;
  newVersion: VersionNodes | undefined;
}

function effectOf({ evolution, fingerprint, targeted }: Question, material: Material): Effect {
  const { unit, index, window, counts } = material;
  const { after, judged } = material;
  const { sum: before, notes: beforeNotes } = material.before;
  const { verdict, ratio, interval, design_effect } = judged;
  const early = counts.of(index, { ...window.after, until: evolution.timestamp });
  const notes = [
    ...window.notes,
    ...beforeNotes,
    ...groupNotes(material, before, after),
    ...(window.after.since === '' && evolution.status === 'applied' && early.attempts > 0
      ? [
          `${early.attempts} attempts on the new version are dated before the evolution (clocks differ, or it was recorded late): versions decide, not times.`,
        ]
      : []),
    ...burstNotes(judged, before, after),
    ...(verdict === 'effective' && interval[0] > 0.5 ? ['It helped, but less than by half.'] : []),
  ];
  return {
    evolution_id: evolution.evolution_id,
    fingerprint,
    verdict,
    before: counted(before),
    after: counted(after),
    rate_ratio: ratio,
    interval,
    design_effect,
    since: after.since ?? evolution.timestamp,
    targeted,
    node_ids: unit.nodes,
    counted_fingerprints: unit.fingerprints,
    window: { before: lying(before), after: lying(after) },
    notes,
  };
}

function groupNotes({ group, movedTo, newVersion }: Material, before: Sum, after: Sum): string[] {
  if (!group) return ['No failure of this group is stored for the agent.'];
  const notes: string[] = [];
  if (movedTo.length > 0) {
    const nodes = [...new Set(movedTo.map(({ node_id }) => node_id))].map(quoteId);
    const names = movedTo.slice(0, 3).map(({ fingerprint }) => quoteId(fingerprint));
    notes.push(
      `The same error now comes from ${nodes.join(', ')} (${names.join(', ')}): counted together.`,
    );
  }
  const gone = newVersion && newVersion.nodes.length > 0 && group.node_id !== '';
  if (gone && !newVersion.nodes.includes(group.node_id)) {
    notes.push(`The node ${quoteId(group.node_id)} is not in the new version: removed or renamed.`);
  } else if (after.attempts === 0) {
    notes.push(
      after.failures === 0
        ? 'The node was not tried since.'
        : 'The attempts after are not on record, so there is no rate.',
    );
  }
  if (before.attempts === 0) {
    notes.push(
      before.failures === 0
        ? 'No attempt from before is on record (attempts are kept for 30 days).'
        : 'The attempts before are not on record, so there is no rate.',
    );
  } else if (before.failures === 0) {
    notes.push('The group was not seen before.');
  }
  if (before.runs > 0 && after.runs > 0 && (before.incomplete || after.incomplete)) {
    notes.push(
      'More runs failed than are known to have tried the node: some attempts are missing.',
    );
  }
  const endedShare = (sum: Sum) => sum.terminal_runs / sum.failed_runs;
  if (after.failed_runs > 0 && endedShare(before) >= 0.5 && endedShare(after) < 0.5) {
    notes.push(
      `It still occurs, but ends fewer runs: ${after.terminal_runs} of ${after.runs} after, ${before.terminal_runs} of ${before.runs} before.`,
    );
  }
  return notes;
}

function counted({ attempts, failures, rate, runs, failed_runs, terminal_runs, run_rate }: Sum) {
  return { attempts, failures, rate, runs, failed_runs, terminal_runs, run_rate };
}

const lying = ({ graph_snapshot_refs, since, until }: Sum) => ({
  graph_snapshot_refs,
  since,
  until,
});
