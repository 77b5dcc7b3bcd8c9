// What the Queen reads before she evolves an agent.
import { z } from 'zod';
import { sinceOf, storedForm } from '../../base/cursor.ts';
import { partialSoFar } from '../../base/partial.ts';
import type { Context } from '../../base/question.ts';
import { skippedHint } from '../../base/skipped.ts';
import type { Evolution } from '../evolutions/schemas.ts';
import { readGroups } from '../groups/facts.ts';
import { MOST_COUNTS, TIMELINE } from '../groups/rows.ts';
import { readImpact, versionInUse } from '../impact/impact.ts';
import { byUrgency } from '../impact/rank.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import { targetsOf } from '../ledger/targets.ts';
import { judgeTargets, onTargets } from '../ledger/tried-fixes.ts';
import { readVerified } from '../verifications/batches.ts';
import { candidatesOf, describeGroups, groupsFor, isSettled } from './groups.ts';
import { renderBrief } from './markdown.ts';
import { type Brief, type BriefGroup, brief, type briefQuery } from './question.ts';

const mostGroups = 20;
const mostEvolutions = 20;
/** Groups of one evolution that are judged here; the evolution's own effects have all. */
const mostTargets = 5;

const failuresRow = z.object({ failures: z.coerce.number() });
const evolutionsRow = z.object({ evolutions: z.coerce.number() });

/** Reads what is needed and writes the brief: same rows, same text. */
export async function writeBrief(
  { store, skippedFailures, traceUrl }: Context,
  agentId: string,
  { node = '', since, max_tokens }: z.output<typeof briefQuery>,
): Promise<Brief> {
  const window = { agent: agentId, since: sinceOf(since) };
  const evolvedWithin = (timeline: readonly Evolution[]) =>
    timeline.filter(({ timestamp }) => storedForm(timestamp) >= window.since);
  const newest = (timeline: readonly Evolution[]) =>
    evolvedWithin(timeline).reverse().slice(0, mostEvolutions);
  const inAll = async (): Promise<number> => {
    const [row] = await store.rows('failures_of_agent', { ...window, node }, failuresRow);
    return row!.failures;
  };
  const isOfAll = since === undefined && node === '';
  const [within, runs, found] = await Promise.all([
    isOfAll ? undefined : inAll(),
    store.rows('run_outcomes', window, brief.output.shape.runs.element),
    readGroups(store, {
      agent: agentId,
      now: Date.now(),
      also: ({ timeline, mapping }) =>
        newest(timeline).flatMap((evolution) =>
          onTargets({ mapping }, evolution, {
            fingerprints: evolution.target_fingerprints,
            most: mostTargets,
          }),
        ),
    }),
  ]);
  // Those of all times are counted already, unless the rows were cut.
  const failures =
    within ??
    (found.counts.length < MOST_COUNTS
      ? found.counts.reduce((sum, row) => sum + row.failures, 0)
      : await inAll());
  const evolutions = newest(found.timeline);
  const groups = groupsFor(found.groups, { node, since: window.since });
  const open = groups.filter((group) => !isSettled(group));
  const inUse = versionInUse(runs, groups);
  const [counted, targets, impacts] = await Promise.all([
    // The timeline has all of them unless it was cut.
    found.timeline.length < TIMELINE
      ? [{ evolutions: evolvedWithin(found.timeline).length }]
      : store.rows('evolutions_of_agent', window, evolutionsRow),
    targetsOf(store, evolutions),
    readImpact(store, { agent: agentId, since: window.since, inUse }, found.groups),
  ]);
  const madeBy = new Map(
    found.timeline
      .filter(({ status }) => status === 'applied')
      .map(({ graph_snapshot_ref, evolution_id }) => [graph_snapshot_ref, evolution_id]),
  );
  const named = new Set(targets.flatMap(({ fingerprints }) => fingerprints));
  const candidates = candidatesOf(open, named, { most: mostGroups, impacts });
  const [fixes, described, verifiedOf] = await Promise.all([
    judgeTargets(ledgerOf(store, agentId, found), evolutions, {
      targets,
      most: mostTargets,
      effects: found.effects,
    }),
    describeGroups(store, agentId, window.since, { groups: candidates, impacts, madeBy, traceUrl }),
    readVerified(store, agentId),
  ]);
  const places = new Map(
    byUrgency(open, fixes, impacts)
      .slice(0, mostGroups)
      .map(({ fingerprint }, place) => [fingerprint, place]),
  );
  const place = ({ fingerprint }: BriefGroup) => places.get(fingerprint)!;
  const inState = (state: string) => groups.filter((group) => group.state === state).length;
  const facts = {
    agent_id: agentId,
    since: since ?? null,
    totals: {
      failures,
      ...counted[0]!,
      groups: groups.length,
      resolved: inState('resolved'),
      ignored: inState('ignored'),
    },
    runs,
    groups: described
      .filter(({ fingerprint }) => places.has(fingerprint))
      .sort((one, other) => place(one) - place(other)),
    evolutions: fixes.map((fix) => ({ ...fix, verified: verifiedOf(fix) })),
  };
  return {
    ...facts,
    ...(await renderBrief(facts, max_tokens, {
      hint: skippedHint(skippedFailures, agentId),
      partial: partialSoFar(),
    })),
  };
}
