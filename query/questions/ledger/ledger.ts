// What is known of an agent before its evolutions are judged: all of them, and all its groups.

import type { Store } from '../../base/store.ts';
import type { Evolution } from '../evolutions/schemas.ts';
import { GroupMapping } from '../groups/mapping.ts';
import { type Counts, readCounts, readEvents, readTimeline } from '../groups/rows.ts';
import { type Timeline, timelineOf } from './windows.ts';

/** A fingerprint as the ledger needs to know it. */
export interface KnownGroup {
  fingerprint: string;
  node_id: string;
  level: string;
  error_type: string;
  class: string;
  /** The version that it was first seen on. */
  first_ref: string;
  failures: number;
  first_seen: string;
  last_seen: string;
}

/** What is known of an agent beside its counts. */
export interface Ledger {
  store: Store;
  agent: string;
  timeline: Timeline;
  /** By fingerprint, those with the most failures first. */
  groups: ReadonlyMap<string, KnownGroup>;
  mapping: GroupMapping;
}

/** For so long attempts are kept, without which there is no verdict. */
export const VERDICT_MS = 30 * 24 * 3_600_000;

/** An evolution and a group to judge it by. */
export interface Question {
  evolution: Evolution;
  /** Any fingerprint of the group. */
  fingerprint: string;
  targeted: boolean;
  /** Only what came before this instant counts as after the evolution. @default all */
  until?: string;
}

/** What a ledger is made of. */
export interface LedgerFacts {
  /** Of all groups of the agent. */
  counts: readonly Counts[];
  timeline: readonly Evolution[];
  mapping: GroupMapping;
}

/** Opens the ledger of an agent, with its newest 500 evolutions. */
export async function openLedger(store: Store, agent: string): Promise<Ledger> {
  const [counts, timeline, events] = await Promise.all([
    readCounts(store, agent, []),
    readTimeline(store, agent),
    readEvents(store, agent, false),
  ]);
  return ledgerOf(store, agent, { counts, timeline, mapping: new GroupMapping(events) });
}

/** Of several fingerprints of one group the first. */
export function onePerGroup(
  { mapping }: Pick<Ledger, 'mapping'>,
  fingerprints: readonly string[],
): string[] {
  const groups = new Set<string>();
  return fingerprints.filter((fingerprint) => {
    const group = mapping.groupOf(fingerprint);
    return !groups.has(group) && groups.add(group);
  });
}

/** The ledger from facts that are read already. */
export function ledgerOf(store: Store, agent: string, facts: LedgerFacts): Ledger {
  const groups = new Map<string, KnownGroup>();
  for (const { graph_snapshot_ref: ref, ...row } of facts.counts) {
    const known = groups.get(row.fingerprint);
    const isFirst = !known || row.first_seen < known.first_seen;
    groups.set(row.fingerprint, {
      fingerprint: row.fingerprint,
      node_id: row.node_id,
      level: row.level,
      error_type: row.error_type,
      class: row.class,
      first_ref: isFirst ? ref : known.first_ref,
      failures: row.failures + (known?.failures ?? 0),
      first_seen: isFirst ? row.first_seen : known.first_seen,
      last_seen: known && known.last_seen > row.last_seen ? known.last_seen : row.last_seen,
    });
  }
  const sorted = [...groups].sort(
    ([one, a], [other, b]) => b.failures - a.failures || (one < other ? -1 : 1),
  );
  return {
    store,
    agent,
    timeline: timelineOf(facts.timeline),
    groups: new Map(sorted),
    mapping: facts.mapping,
  };
}
