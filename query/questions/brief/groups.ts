// The groups that a brief tells of, the most urgent first.
import { storedForm } from '../../base/cursor.ts';
import type { Store } from '../../base/store.ts';
import type { GroupFacts } from '../groups/facts.ts';
import { contradictionIn } from '../groups/tell.ts';
import type { Impact } from '../impact/impact.ts';
import { byUrgency } from '../impact/rank.ts';
import { readsLikeInstruction } from './instructions.ts';
import { type BriefGroup, briefGroup } from './question.ts';

const counted = briefGroup.pick({
  fingerprint: true,
  failures: true,
  runs: true,
  inputs: true,
  retried: true,
  terminal: true,
  first_seen: true,
  last_seen: true,
  graph_snapshot_refs: true,
});
const last = briefGroup.pick({
  fingerprint: true,
  level: true,
  node_id: true,
  class: true,
  error_type: true,
  last_message: true,
  last_failure_id: true,
  last_input: true,
  last_input_digest: true,
});

/** Groups that failed at all in the window of a brief. */
export const groupsFor = (
  groups: readonly GroupFacts[],
  { node, since }: { node: string; since: string },
): GroupFacts[] =>
  groups.filter(
    (group) =>
      (node === '' || group.counts.some(({ node_id }) => node_id === node)) &&
      storedForm(group.last_seen) >= since,
  );

/** Nobody waits for these: a brief only counts them. */
export const isSettled = ({ state }: Pick<GroupFacts, 'state'>): boolean =>
  state === 'resolved' || state === 'ignored';

type Impacts = ReadonlyMap<string, Impact>;

/**
 * The first of `order`, and whichever may come before them because a fix made them worse: all that a
 * brief can tell of before its fixes are judged.
 */
export function candidatesOf(
  groups: readonly GroupFacts[],
  targets: ReadonlySet<string>,
  { most, impacts }: { most: number; impacts: Impacts },
): GroupFacts[] {
  const first = new Set(byUrgency(groups, [], impacts).slice(0, most));
  return groups.filter(
    (group) => first.has(group) || group.fingerprints.some((name) => targets.has(name)),
  );
}

/** Tells of some groups, with counts of the window alone, in the same order. */
export async function tellGroups(
  store: Store,
  agent: string,
  since: string,
  { groups, impacts }: { groups: readonly GroupFacts[]; impacts: Impacts },
): Promise<BriefGroup[]> {
  if (groups.length === 0) return [];
  const members = groups.flatMap(({ fingerprint: group, fingerprints }) =>
    fingerprints.map((fingerprint) => ({ fingerprint, group })),
  );
  const [counts, newest] = await Promise.all([
    store.rows(
      'brief_counts',
      {
        agent,
        since,
        fingerprints: members.map(({ fingerprint }) => fingerprint),
        groups: members.map(({ group }) => group),
      },
      counted,
    ),
    store.rows(
      'brief_last',
      {
        agent,
        fingerprints: groups.map(({ counts: [row] }) => row!.fingerprint),
        times: groups.map(({ last_seen }) => storedForm(last_seen)),
      },
      last,
    ),
  ]);
  const countsOf = new Map(counts.map((row) => [row.fingerprint, row]));
  const newestOf = new Map(newest.map((row) => [row.fingerprint, row]));
  return groups.flatMap((group) => {
    const row = countsOf.get(group.fingerprint);
    const failure = newestOf.get(group.counts[0]!.fingerprint);
    const cost = impacts.get(group.fingerprint);
    if (!row || !failure || !cost) return [];
    const annotated = group.annotation?.value;
    const classes = [...new Set(group.counts.flatMap((one) => one.classes))].sort();
    return [
      {
        ...failure,
        ...row,
        fingerprints: group.fingerprints,
        impact: cost,
        state: group.state,
        since: group.since,
        why: group.why,
        class: annotated ?? failure.class,
        is_annotated: annotated !== undefined,
        contradiction: contradictionIn(classes, annotated),
        suspicious: [
          ...(readsLikeInstruction(failure.last_message) ? ['last_message'] : []),
          ...(readsLikeInstruction(failure.last_input) ? ['last_input'] : []),
        ],
      },
    ];
  });
}
