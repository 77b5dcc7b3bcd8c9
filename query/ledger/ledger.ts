// What is known of an agent before its evolutions are judged: all of them, and all its groups.
import { z } from 'zod';
import { type Evolution, evolution } from '../schemas.ts';
import type { Store } from '../store.ts';
import { type Timeline, timelineOf } from './windows.ts';

const TIMELINE = 500;

/** A group as the ledger needs to know it. */
const knownGroup = z.object({
  fingerprint: z.string(),
  node_id: z.string(),
  level: z.string(),
  error_type: z.string(),
  first_ref: z.string(),
  failures: z.coerce.number(),
  first_seen: z.string(),
  last_seen: z.string(),
});
export type KnownGroup = z.infer<typeof knownGroup>;

/** What is known of an agent beside its counts. */
export interface Ledger {
  store: Store;
  agent: string;
  timeline: Timeline;
  groups: ReadonlyMap<string, KnownGroup>;
}

/** An evolution and a group to judge it by. */
export interface Question {
  evolution: Evolution;
  fingerprint: string;
  targeted: boolean;
}

/** Opens the ledger of an agent, with its newest 500 evolutions. */
export async function openLedger(store: Store, agent: string): Promise<Ledger> {
  const [groups, evolutions] = await Promise.all([
    store.rows('groups_first_seen', { agent }, knownGroup),
    store.rows(
      'evolutions',
      {
        agent,
        since: '1970-01-01 00:00:00',
        before_timestamp: '2262-01-01 00:00:00',
        before_id: '\uffff',
        limit: TIMELINE,
      },
      evolution,
    ),
  ]);
  return {
    store,
    agent,
    timeline: timelineOf(evolutions),
    groups: new Map(groups.map((group) => [group.fingerprint, group])),
  };
}
