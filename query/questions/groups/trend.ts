// What a list shows beside each group when its trend is requested: two more steps, however many are shown.

import type { Store } from '../../base/store.ts';
import { judgeOthers } from '../ledger/effects.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import type { Effect } from '../ledger/schemas.ts';
import { countsOfAgents, type Found, type GroupFacts } from './facts.ts';
import { readHours, sumHours } from './rows.ts';
import type { Group } from './schemas.ts';

const HOUR_MS = 3_600_000;

/**
 * Adds to each group the hours in which it failed and the verdict on its last evolution.
 *
 * @param described the groups of `shown` as answers show them, in the same order
 */
export async function withTrend(
  store: Store,
  {
    found,
    shown,
    agent,
    now,
  }: { found: Omit<Found, 'groups'>; shown: readonly GroupFacts[]; agent: string; now: number },
  described: readonly Group[],
): Promise<Group[]> {
  if (shown.length === 0) return [];
  const fingerprints = shown.flatMap((group) => group.fingerprints);
  const [rows, effects] = await Promise.all([
    readHours(store, agent, fingerprints, now),
    lastEffects(store, { found, agent }, shown),
  ]);
  const hours = new Map(rows.map((row) => [row.fingerprint, row]));
  return described.map((group) => {
    const { last_evolution, fingerprint } = group;
    const verdict = effects.get(fingerprint)?.verdict;
    return {
      ...group,
      last_evolution: last_evolution && { ...last_evolution, ...(verdict && { verdict }) },
      hourly: hourlyOf(sumHours(group.fingerprints.flatMap((one) => hours.get(one) ?? []))),
    };
  });
}

/** Hours in which something failed, the oldest first. */
export const hourlyOf = (hours: ReadonlyMap<number, number>) =>
  [...hours]
    .sort(([one], [other]) => one - other)
    .map(([hour, failures]) => ({ hour: new Date(hour * HOUR_MS).toISOString(), failures }));

/** What the last evolution that targets each group did to it, by group. */
async function lastEffects(
  store: Store,
  { found, agent }: { found: Omit<Found, 'groups'>; agent: string },
  shown: readonly GroupFacts[],
): Promise<Map<string, Effect>> {
  const { timeline, mapping, effects } = found;
  const tried = shown.filter(({ evolutions }) => evolutions.length > 0);
  const agents = [...new Set(tried.map(({ agent_id }) => agent_id))];
  // Of all agents only those groups were counted that are shown.
  const counts = agent === '' ? await countsOfAgents(store, agents) : found.counts;
  const judged = await Promise.all(
    agents.map((agent) => {
      const isOwn = (one: { agent_id: string }) => one.agent_id === agent;
      const facts = { counts: counts.filter(isOwn), timeline: timeline.filter(isOwn), mapping };
      return judgeOthers(
        ledgerOf(store, agent, facts),
        tried.filter(isOwn).map(({ fingerprint, evolutions }) => ({
          evolution: evolutions[0]!,
          fingerprint,
          targeted: true,
        })),
        effects,
      );
    }),
  );
  return new Map(judged.flat().map((effect) => [effect.fingerprint, effect]));
}
