// The list of groups, and how many there are in each state.
import { z } from 'zod';
import { decodeCursor, encodeCursor, storedForm } from '../../base/cursor.ts';
import { InvalidInputError } from '../../base/errors.ts';
import { fingerprint as fingerprintField, type Page } from '../../base/fields.ts';
import type { GroupState } from '../../base/states.ts';
import type { Store } from '../../base/store.ts';
import { type Impact, readImpactNow } from '../impact/impact.ts';
import { byUrgency } from '../impact/rank.ts';
import { toGroups } from './describe.ts';
import { type GroupFacts, readGroups } from './facts.ts';
import type { Group, groupsQuery } from './schemas.ts';
import { withTrend } from './trend.ts';

export async function listGroups(
  store: Store,
  asked: z.output<typeof groupsQuery>,
): Promise<Page<Group>> {
  const { agent = '', node, state, class: only, text, since, sort, trend, limit, cursor } = asked;
  if (sort === 'impact' && agent === '') {
    throw new InvalidInputError('agent', 'expected an agent, whose version in use sorts by impact');
  }
  const before = cursor ? decodeCursor(cursor, isFingerprint) : undefined;
  const now = Date.now();
  const [found, withText] = await Promise.all([
    readGroups(store, { agent, now }),
    text === undefined ? undefined : fingerprintsWith(store, agent, text),
  ]);
  const impacts =
    sort === 'impact' ? await readImpactNow(store, { agent }, found.groups) : undefined;
  const sorted = impacts ? byImpact(found.groups, impacts) : found.groups;
  const place = before ? sorted.findIndex(({ fingerprint }) => fingerprint === before.id) : -1;
  const fitting = sorted.filter(
    (group, at) =>
      (!node || group.counts.some(({ node_id }) => node_id === node)) &&
      (!state || group.state === state) &&
      (!only || classOf(group) === only) &&
      (!withText || group.fingerprints.some((fingerprint) => withText.has(fingerprint))) &&
      (!since || storedForm(group.last_seen) >= storedForm(since)) &&
      (!before || (impacts ? at > place : isBehind(group, before))),
  );
  const shown = fitting.slice(0, limit);
  const last = shown.at(-1);
  const items = (await toGroups(store, shown)).map((group) => {
    const impact = impacts?.get(group.fingerprint);
    return impact ? { ...group, impact } : group;
  });
  return {
    items: trend ? await withTrend(store, { found, shown, agent, now }, items) : items,
    next_cursor:
      last && fitting.length > limit
        ? encodeCursor({ timestamp: last.last_seen, id: last.fingerprint })
        : null,
  };
}

/** The annotated class, otherwise that of the last failure. */
const classOf = ({ annotation, counts }: GroupFacts): string =>
  annotation?.value ?? counts[0]!.class;

const fingerprintRow = z.object({ fingerprint: z.string() });

/** Fingerprints that have a failure with a text in its message. */
async function fingerprintsWith(store: Store, agent: string, text: string): Promise<Set<string>> {
  const rows = await store.rows('fingerprints_with_text', { agent, text }, fingerprintRow);
  return new Set(rows.map(({ fingerprint }) => fingerprint));
}

/** The most urgent first, those that nobody waits for last. */
function byImpact(
  groups: readonly GroupFacts[],
  impacts: ReadonlyMap<string, Impact>,
): readonly GroupFacts[] {
  const isSettled = ({ state }: GroupFacts) => state === 'resolved' || state === 'ignored';
  const open = groups.filter((group) => !isSettled(group));
  return [...byUrgency(open, [], impacts), ...byUrgency(groups.filter(isSettled), [], impacts)];
}

/** How many groups each agent has in each state. */
export async function statesByAgent(
  store: Store,
): Promise<Map<string, Partial<Record<GroupState, number>>>> {
  const { groups } = await readGroups(store, { agent: '', now: Date.now() });
  const counted = new Map<string, Partial<Record<GroupState, number>>>();
  for (const { agent_id, state } of groups) {
    const states = counted.get(agent_id) ?? {};
    counted.set(agent_id, { ...states, [state]: (states[state] ?? 0) + 1 });
  }
  return counted;
}

const isFingerprint = (text: string): boolean => fingerprintField.safeParse(text).success;

function isBehind(
  { last_seen, fingerprint }: { last_seen: string; fingerprint: string },
  before: { timestamp: string; id: string },
): boolean {
  const seen = storedForm(last_seen);
  return seen === before.timestamp ? fingerprint > before.id : seen < before.timestamp;
}
