// What the groups of an agent, or of all agents, are made of, as it is stored.
import { z } from 'zod';
import { storedForm } from '../../base/cursor.ts';
import type { Store } from '../../base/store.ts';
import { type Evolution, evolution } from '../evolutions/schemas.ts';
import { RECENT_HOURS } from './escalation.ts';
import { hourOf, TREND_HOURS } from './lifecycle.ts';
import { groupEvent } from './schemas.ts';

const HOUR_MS = 3_600_000;
/** Evolutions of an agent that are known to its groups, the newest. */
export const TIMELINE = 500;

const count = z.coerce.number();

const countsRow = z.object({
  agent_id: z.string(),
  fingerprint: z.string(),
  graph_snapshot_ref: z.string(),
  node_id: z.string(),
  level: z.string(),
  error_type: z.string(),
  class: z.string(),
  classes: z.array(z.string()),
  failures: count,
  /** Of the last hours. */
  recent_failures: count,
  first_seen: z.string(),
  last_seen: z.string(),
});
/** How often one fingerprint failed on one version. */
export type Counts = z.infer<typeof countsRow>;

const hoursRow = z.object({
  fingerprint: z.string(),
  /** Hours since 1970. */
  hours: z.array(count),
  /** Failures in each of them. */
  counts: z.array(count),
  /** Those without retries. */
  firsts: z.array(count),
});
export type Hours = z.infer<typeof hoursRow>;

const seenRow = z.object({
  fingerprint: z.string(),
  graph_snapshot_ref: z.string(),
  timestamp: z.string(),
});
export type Seen = z.infer<typeof seenRow>;

/** What was said about the groups of an agent ('' = all), the oldest first. */
export const readEvents = (store: Store, agent: string, notes: boolean) =>
  store.rows('group_events', { agent, notes }, groupEvent);

const hoursBefore = (now: number, hours: number): string =>
  storedForm(new Date((hourOf(now) - hours + 1) * HOUR_MS).toISOString());

/** Rows of one agent that `group_counts` returns at most. */
export const MOST_COUNTS = 20_000;

/** @param fingerprints of which to count; none = all */
export const readCounts = (
  store: Store,
  agent: string,
  fingerprints: string[],
  now: number = Date.now(),
): Promise<Counts[]> =>
  store.rows(
    'group_counts',
    { agent, fingerprints, recent: hoursBefore(now, RECENT_HOURS) },
    countsRow,
  );

/** The evolutions of an agent ('' = all), the oldest first. */
export async function readTimeline(store: Store, agent: string): Promise<Evolution[]> {
  const rows = await store.rows('timelines', { agent, limit: TIMELINE }, evolution);
  return rows.reverse();
}

/** Names that travel with one statement. */
const MOST_NAMES = 5_000;

/** Failures of some fingerprints by the hour of the last eight days. */
export async function readHours(
  store: Store,
  agent: string,
  fingerprints: readonly string[],
  now: number,
): Promise<Hours[]> {
  if (fingerprints.length === 0) return [];
  const named = agent !== '' && fingerprints.length > MOST_NAMES ? [] : fingerprints;
  const since = hoursBefore(now, TREND_HOURS);
  return store.rows('group_hours', { agent, fingerprints: named, since }, hoursRow);
}

/** Failures of all these rows by the hour, with or without retries. */
export function sumHours(rows: readonly Hours[], of: 'counts' | 'firsts' = 'counts') {
  const sums = new Map<number, number>();
  for (const row of rows) {
    row.hours.forEach((hour, index) => {
      sums.set(hour, (sums.get(hour) ?? 0) + row[of][index]!);
    });
  }
  return sums;
}

const triesRow = z.object({
  agent_id: z.string(),
  node_id: z.string(),
  hours: z.array(count),
  tries: z.array(count),
});
/** How often a node was tried first in a run, by the hour. */
export type Tries = z.infer<typeof triesRow>;

/** First attempts of some nodes by the hour of the last eight days; the node '' stands for runs. */
export async function readTries(
  store: Store,
  nodes: readonly { agent_id: string; node_id: string }[],
  now: number,
): Promise<Tries[]> {
  if (nodes.length === 0) return [];
  const since = storedForm(new Date((hourOf(now) - TREND_HOURS + 1) * HOUR_MS).toISOString());
  return store.rows(
    'node_hours',
    {
      agents: [...new Set(nodes.map(({ agent_id }) => agent_id))],
      nodes: [...new Set(nodes.map(({ node_id }) => node_id))],
      since,
    },
    triesRow,
  );
}

/** The first failure of each fingerprint on each version after its instant. */
export async function readSeenAfter(
  store: Store,
  agents: string[],
  marks: ReadonlyMap<string, string>,
): Promise<Seen[]> {
  if (marks.size === 0) return [];
  return store.rows(
    'group_seen_after',
    {
      agents,
      fingerprints: [...marks.keys()],
      times: [...marks.values()].map(storedForm),
    },
    seenRow,
  );
}

/** When each version was first seen: only of those that were announced. */
export async function readVersions(store: Store, refs: string[]): Promise<Map<string, string>> {
  if (refs.length === 0) return new Map();
  const row = z.object({ ref: z.string(), first_seen: z.string() });
  const rows = await store.rows('versions_first_seen', { refs }, row);
  return new Map(rows.map(({ ref, first_seen }) => [ref, first_seen]));
}
