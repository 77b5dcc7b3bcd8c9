// The list of groups, and how many there are in each state.
import { z } from 'zod';
import { decodeCursor, END, encodeCursor, type Place, storedForm } from '../../base/cursor.ts';
import { InvalidInputError } from '../../base/errors.ts';
import { fingerprint as fingerprintField } from '../../base/fields.ts';
import type { GroupState } from '../../base/states.ts';
import type { Store } from '../../base/store.ts';
import { type Impact, readImpactNow } from '../impact/impact.ts';
import { byUrgency } from '../impact/rank.ts';
import type { Effect } from '../ledger/schemas.ts';
import { Candidates, type Wanted } from './candidates.ts';
import { toGroups } from './describe.ts';
import { type Found, type GroupFacts, readGroups } from './facts.ts';
import { readEvents, readTimeline } from './rows.ts';
import type { GroupsPage, groupsQuery } from './schemas.ts';
import { withTrend } from './trend.ts';

type GroupsQuery = z.output<typeof groupsQuery>;

export async function listGroups(store: Store, query: GroupsQuery): Promise<GroupsPage> {
  const { agent = '', node, state, class: only, text, since, sort, trend, limit } = query;
  if (sort === 'impact' && agent === '') {
    throw new InvalidInputError('agent', 'expected an agent, whose version in use sorts by impact');
  }
  const before = query.cursor ? decodeCursor(query.cursor, isFingerprint) : undefined;
  const now = Date.now();
  const withText = text === undefined ? undefined : await fingerprintsWith(store, agent, text);
  if (withText?.size === 0) return { items: [], next_cursor: null };
  const fits = fitsOf(query, withText, before);
  const wanted = { state, node, class: only, since, withText };
  const { found, fitting, impacts, searched } =
    agent === ''
      ? await ofAllAgents(store, fits, { wanted, before, most: limit + 1, now })
      : await ofAgent(store, fits, { agent, sort, before, now });
  const shown = fitting.slice(0, limit);
  const last = shown.at(-1);
  const hasMore = last && fitting.length > limit;
  const next = hasMore ? { timestamp: last.last_seen, id: last.fingerprint } : searched?.place;
  const items = (await toGroups(store, shown)).map((group) => {
    const impact = impacts?.get(group.fingerprint);
    return impact ? { ...group, impact } : group;
  });
  return {
    items: trend ? await withTrend(store, { found, shown, agent, now }, items) : items,
    next_cursor: next ? encodeCursor(next) : null,
    ...(searched && { searched: searched.fingerprints }),
  };
}

/** Whether a group is one that the list is about, behind the place where the page before ended. */
function fitsOf(
  { node, state, class: only, since, sort }: GroupsQuery,
  withText: ReadonlySet<string> | undefined,
  before: Place | undefined,
): Fits {
  return (group) =>
    (!node || group.counts.some(({ node_id }) => node_id === node)) &&
    (!state || group.state === state) &&
    (!only || classOf(group) === only) &&
    (!withText || group.fingerprints.some((fingerprint) => withText.has(fingerprint))) &&
    (!since || storedForm(group.last_seen) >= storedForm(since)) &&
    (!before || sort === 'impact' || isBehind(group, before));
}

interface Selected {
  found: Omit<Found, 'groups'>;
  /** In the order of the list. */
  fitting: readonly GroupFacts[];
  impacts?: ReadonlyMap<string, Impact> | undefined;
  /** Where the search was ended before the list did, and how many fingerprints it looked at. */
  searched?: { place: Place; fingerprints: number } | undefined;
}

type Fits = (group: GroupFacts) => boolean;

/** All groups of one agent that fit. */
async function ofAgent(
  store: Store,
  fits: Fits,
  asked: { agent: string; sort: 'impact' | 'last_seen'; before: Place | undefined; now: number },
): Promise<Selected> {
  const { agent, sort, before, now } = asked;
  const found = await readGroups(store, { agent, now });
  if (sort !== 'impact') return { found, fitting: found.groups.filter(fits) };
  const impacts = await readImpactNow(store, { agent }, found.groups);
  const sorted = byImpact(found.groups, impacts);
  const place = before ? sorted.findIndex(({ fingerprint }) => fingerprint === before.id) : -1;
  return { found, fitting: sorted.slice(place + 1).filter(fits), impacts };
}

/** Fingerprints of all agents that are looked at first, and at most at once: their names travel with a question. */
const FIRST_AT_ONCE = 250;
const MOST_AT_ONCE = 2_000;
/** Looked at for one page: where fewer fit than it has room for, it ends and the next one goes on. */
const MOST_FOR_A_PAGE = 3_500;
/** Before all fingerprints of a time. */
const FIRST_FINGERPRINT = `v1:${'0'.repeat(32)}`;

/**
 * Groups of all agents that fit, as many as a page needs: looks at those that failed last first, at more at a
 * time as long as few fit, and not at more than a page may cost.
 */
async function ofAllAgents(
  store: Store,
  fits: Fits,
  asked: { wanted: Wanted; before: Place | undefined; most: number; now: number },
): Promise<Selected> {
  const { wanted, before, most, now } = asked;
  const [events, timeline] = await Promise.all([
    readEvents(store, '', false),
    readTimeline(store, ''),
  ]);
  const known = { events, timeline };
  const candidates = new Candidates(store, wanted, known, now);
  const fitting = new Map<string, GroupFacts>();
  const effects: Effect[] = [];
  let looked = 0;
  // Fingerprints with the time of the cursor are looked at again: their group may be behind it.
  let place: Place = { timestamp: before?.timestamp ?? END, id: '' };
  for (let atOnce = FIRST_AT_ONCE; ; atOnce = Math.min(atOnce * 2, MOST_AT_ONCE)) {
    const rows = await candidates.after(place, atOnce);
    const fingerprints = rows.map(({ fingerprint }) => fingerprint);
    const found = await readGroups(store, { agent: '', fingerprints, known, now });
    effects.push(...found.effects);
    for (const group of found.groups) {
      if (fits(group) && !fitting.has(group.fingerprint)) fitting.set(group.fingerprint, group);
    }
    looked += rows.length;
    const last = rows.at(-1);
    const all = [...fitting.values()];
    if (!last || rows.length < atOnce || fitting.size >= most) {
      return { found: { ...found, effects }, fitting: all };
    }
    place = { timestamp: storedForm(last.last_seen), id: last.fingerprint };
    if (looked >= MOST_FOR_A_PAGE && place.timestamp !== before?.timestamp) {
      // Groups of the very time at which it ends are on the next page, which looks at all of that time.
      const { timestamp } = place;
      return {
        found: { ...found, effects },
        fitting: all.filter((group) => storedForm(group.last_seen) > timestamp),
        searched: { place: { timestamp, id: FIRST_FINGERPRINT }, fingerprints: looked },
      };
    }
  }
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

/** How many groups each of these agents has in each state. */
export async function statesByAgent(
  store: Store,
  agents: readonly string[],
): Promise<Map<string, Partial<Record<GroupState, number>>>> {
  const counted = new Map<string, Partial<Record<GroupState, number>>>();
  const seen = new Set<string>();
  const now = Date.now();
  let known: Found | undefined;
  for (let start = 0; start < agents.length; start += NAMES_AT_ONCE) {
    const some = agents.slice(start, start + NAMES_AT_ONCE);
    const rows = await store.rows('fingerprints_of_agents', { agents: some }, fingerprintRow);
    for (let at = 0; at < rows.length; at += MOST_AT_ONCE) {
      const fingerprints = rows.slice(at, at + MOST_AT_ONCE).map(({ fingerprint }) => fingerprint);
      known = await readGroups(store, { agent: '', fingerprints, known, now });
      for (const { agent_id, fingerprint, state } of known.groups) {
        if (seen.has(fingerprint)) continue;
        seen.add(fingerprint);
        const states = counted.get(agent_id) ?? {};
        counted.set(agent_id, { ...states, [state]: (states[state] ?? 0) + 1 });
      }
    }
  }
  return counted;
}

const NAMES_AT_ONCE = 500;
const isFingerprint = (text: string): boolean => fingerprintField.safeParse(text).success;

function isBehind(
  { last_seen, fingerprint }: { last_seen: string; fingerprint: string },
  before: { timestamp: string; id: string },
): boolean {
  const seen = storedForm(last_seen);
  return seen === before.timestamp ? fingerprint > before.id : seen < before.timestamp;
}
