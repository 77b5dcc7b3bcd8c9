// The groups that a brief shows, the most urgent first.
import { z } from 'zod';
import { storedForm } from '../../base/cursor.ts';
import { instant } from '../../base/fields.ts';
import type { Store } from '../../base/store.ts';
import { traceUrl } from '../../base/trace-url.ts';
import { contradictionIn } from '../groups/describe.ts';
import type { GroupFacts } from '../groups/facts.ts';
import type { Impact } from '../impact/impact.ts';
import { byUrgency } from '../impact/rank.ts';
import { inCommon } from './inputs.ts';
import { readsLikeInstruction } from './instructions.ts';
import { placeOf } from './place.ts';
import { type BriefGroup, briefGroup } from './question.ts';

const counted = briefGroup
  .pick({
    fingerprint: true,
    failures: true,
    runs: true,
    inputs: true,
    retried: true,
    terminal: true,
    first_seen: true,
    last_seen: true,
    graph_snapshot_refs: true,
  })
  .extend({ first_ref: z.string(), newest: z.array(instant) });
const last = briefGroup
  .pick({
    fingerprint: true,
    level: true,
    node_id: true,
    class: true,
    error_type: true,
    last_message: true,
    last_failure_id: true,
    last_input: true,
    last_input_digest: true,
  })
  .extend({
    operation: z.string(),
    target: z.string(),
    stack_trace: z.string(),
    trace_id: z.string(),
    span_id: z.string(),
    service_name: z.string(),
  });

/** Failures of a group whose inputs are compared; `brief_counts` gives the times of as many. */
const NEWEST = 12;

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
 * brief can show before its fixes are judged.
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

/** Describes some groups, with counts of the window alone, in the same order. */
export async function describeGroups(
  store: Store,
  agent: string,
  since: string,
  {
    groups,
    impacts,
    madeBy,
    traceUrl: template,
  }: {
    groups: readonly GroupFacts[];
    impacts: Impacts;
    /** The evolution that made a version. */
    madeBy: ReadonlyMap<string, string>;
    traceUrl: string | undefined;
  },
): Promise<BriefGroup[]> {
  if (groups.length === 0) return [];
  const groupOf = new Map(
    groups.flatMap(({ fingerprint: group, fingerprints }) =>
      fingerprints.map((fingerprint) => [fingerprint, group]),
    ),
  );
  const fingerprints = [...groupOf.keys()];
  const counts = await store.rows(
    'brief_counts',
    { agent, since, fingerprints, groups: [...groupOf.values()] },
    counted,
  );
  const times = [...new Set(counts.flatMap(({ newest }) => newest.map(storedForm)))];
  const rows = await store.rows('brief_last', { agent, fingerprints, times, most: NEWEST }, last);
  const countsOf = new Map(counts.map((row) => [row.fingerprint, row]));
  const newestOf = new Map<string, typeof rows>();
  for (const row of rows) {
    const group = groupOf.get(row.fingerprint)!;
    newestOf.set(group, [...(newestOf.get(group) ?? []), row]);
  }
  return groups.flatMap((group) => {
    const row = countsOf.get(group.fingerprint);
    const failures = newestOf.get(group.fingerprint) ?? [];
    const [found] = failures;
    const cost = impacts.get(group.fingerprint);
    if (!row || !found || !cost) return [];
    const { stack_trace, trace_id, span_id, service_name, operation, target, ...failure } = found;
    const { first_ref, newest: _, ...counted } = row;
    const annotated = group.annotation?.value;
    const classes = [...new Set(group.counts.flatMap((one) => one.classes))].sort();
    return [
      {
        ...failure,
        ...counted,
        place: placeOf(stack_trace),
        called: operation === '' || target === '' ? null : { operation, target },
        last_trace_url: traceUrl(template, { trace_id, span_id, service_name }),
        in_common: inCommon(failures.map(({ last_input }) => last_input)),
        began: { graph_snapshot_ref: first_ref, evolution_id: madeBy.get(first_ref) ?? null },
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
