// All that is known of one group.
import { z } from 'zod';
import { NotFoundError } from '../../base/errors.ts';
import type { Store } from '../../base/store.ts';
import { readImpactNow, readUsage } from '../impact/impact.ts';
import { type LastFailure, lastFailures, toGroups } from './describe.ts';
import { type GroupFacts, readGroups } from './facts.ts';
import type { GroupMapping } from './mapping.ts';
import { agentOf } from './place.ts';
import { proposalsOf } from './proposals.ts';
import type { GroupDetail } from './schemas.ts';
import { Targeting } from './targeting.ts';
import { hourlyOf } from './trend.ts';

const RECENT = 20;
/** Evolutions that are judged, the newest. */
const JUDGED = 5;

/** @throws {NotFoundError} when no failure of the group is kept */
export async function detailOf(store: Store, fingerprint: string): Promise<GroupDetail> {
  const agent = await agentOf(store, fingerprint);
  if (agent === undefined) throw new NotFoundError('fingerprint', fingerprint);
  const found = await readGroups(store, {
    agent,
    fingerprint,
    now: Date.now(),
    also: ({ timeline, mapping }) => {
      const name = mapping.groupOf(fingerprint);
      const evolutions = new Targeting(timeline).of(name, { agent_id: agent, mapping });
      return evolutions
        .slice(0, JUDGED)
        .map((evolution) => ({ evolution, fingerprint: name, targeted: true }));
    },
  });
  const { groups, mapping } = found;
  const [facts] = groups;
  if (!facts) throw new NotFoundError('fingerprint', fingerprint);
  const latest = lastFailures(store, groups);
  const [last, [group], recent, impacts, usage] = await Promise.all([
    latest,
    toGroups(store, groups, latest),
    store.rows(
      'group_recent',
      { agent, fingerprints: facts.fingerprints, limit: RECENT },
      z.object({ failure_id: z.string() }),
    ),
    readImpactNow(store, { agent, only: facts.fingerprints }, groups),
    readUsage(store, agent, facts.fingerprints),
  ]);
  const impact = impacts.get(facts.fingerprint);
  const evolutions = facts.evolutions.slice(0, JUDGED);
  return {
    ...group!,
    ...(impact && { impact: { ...impact, usage } }),
    members: membersOf(facts, mapping, last),
    proposals: proposalsOf(found.events, mapping, facts.fingerprint),
    versions: versionsOf(facts),
    events: [...facts.events].reverse(),
    effects: evolutions.map(
      ({ evolution_id }) => found.effects.find((one) => one.evolution_id === evolution_id)!,
    ),
    evolutions,
    recent_failure_ids: recent.map(({ failure_id }) => failure_id),
    hourly: hourlyOf(facts.hours),
  };
}

function membersOf(
  { fingerprints, counts }: GroupFacts,
  mapping: GroupMapping,
  last: ReadonlyMap<string, LastFailure>,
): GroupDetail['members'] {
  return fingerprints.map((fingerprint) => {
    const own = counts.filter((row) => row.fingerprint === fingerprint);
    const times = own.map((row) => row.first_seen).sort();
    return {
      fingerprint,
      node_id: own[0]?.node_id ?? '',
      error_type: own[0]?.error_type ?? '',
      template: last.get(fingerprint)?.template ?? '',
      failures: own.reduce((sum, row) => sum + row.failures, 0),
      first_seen: times[0] ?? null,
      last_seen: own[0]?.last_seen ?? null,
      joined: mapping.joinedAt(fingerprint) || null,
    };
  });
}

function versionsOf({ counts }: GroupFacts): GroupDetail['versions'] {
  const versions = new Map<string, GroupDetail['versions'][number]>();
  for (const { graph_snapshot_ref, failures, first_seen, last_seen } of counts) {
    const known = versions.get(graph_snapshot_ref);
    versions.set(graph_snapshot_ref, {
      graph_snapshot_ref,
      failures: failures + (known?.failures ?? 0),
      first_seen: known && known.first_seen < first_seen ? known.first_seen : first_seen,
      last_seen: known && known.last_seen > last_seen ? known.last_seen : last_seen,
    });
  }
  return [...versions.values()];
}
