// The history of an agent's graph in one list: versions, evolutions, groups, what was said of them.
import { z } from 'zod';
import { parseInput } from '../../base/input.ts';
import { memoryPage } from '../../base/memory-page.ts';
import type { Page } from '../../base/schemas.ts';
import type { Store } from '../../base/store.ts';
import { GroupMapping } from '../groups/mapping.ts';
import { readCounts, readEvents, readTimeline } from '../groups/rows.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import { complete } from './complete.ts';
import { draftsOf, idOf } from './drafts.ts';
import { type TimelineEvent, timelineQuery } from './schemas.ts';

/** Which events to list. */
export interface TimelineOptions {
  /** ISO 8601 instant, or how long ago: `30m`, `24h`, `7d`. Default: all that is kept. */
  since?: string;
  /** 1 to 500. @default 20 */
  limit?: number;
  /** `next_cursor` of the page before. */
  cursor?: string;
}

export interface TimelineHistory {
  /**
   * Why an agent became what it is, the newest first: versions that were first seen, evolutions with
   * what they did, groups that appeared and vanished, and what was said of them. Of evolutions the newest 500.
   * Empty for an agent that is not known.
   */
  timeline(agentId: string, options?: TimelineOptions): Promise<Page<TimelineEvent>>;
}

const version = z.object({ ref: z.string(), first_seen: z.string(), nodes: z.array(z.string()) });

export function timelineQuestions(store: Store): TimelineHistory {
  return {
    async timeline(agentId, options = {}) {
      const { since = '', ...page } = parseInput(timelineQuery, options);
      const [timeline, versions, counts, events] = await Promise.all([
        readTimeline(store, agentId),
        store.rows('versions_of_agent', { agent: agentId }, version),
        readCounts(store, agentId, []),
        readEvents(store, agentId, true),
      ]);
      const ledger = ledgerOf(store, agentId, {
        counts,
        timeline,
        mapping: new GroupMapping(events),
      });
      const drafts = draftsOf({ versions, evolutions: ledger.timeline, counts, events });
      const { items, next_cursor } = memoryPage(
        // Stored instants have more digits, so that this one sorts before its equals.
        drafts.filter(({ timestamp }) => timestamp >= since.replace('Z', '')),
        (draft) => ({ timestamp: draft.timestamp, id: [draft.kind, idOf(draft)] }),
        page,
      );
      return { items: await complete(ledger, items), next_cursor };
    },
  };
}
