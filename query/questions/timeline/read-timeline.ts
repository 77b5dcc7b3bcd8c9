// The history of an agent's graph in one list: versions, evolutions, groups, what was said of them.
import { z } from 'zod';
import type { Page } from '../../base/fields.ts';
import { memoryPage } from '../../base/memory-page.ts';
import type { Store } from '../../base/store.ts';
import { GroupMapping } from '../groups/mapping.ts';
import { readCounts, readEvents, readTimeline } from '../groups/rows.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import { complete } from './complete.ts';
import { draftsOf, idOf } from './drafts.ts';
import type { TimelineEvent, timelineQuery } from './question.ts';

const version = z.object({ ref: z.string(), first_seen: z.string(), nodes: z.array(z.string()) });

export async function readTimelinePage(
  store: Store,
  { agent, since = '', ...page }: z.output<typeof timelineQuery> & { agent: string },
): Promise<Page<TimelineEvent>> {
  const [timeline, versions, counts, events] = await Promise.all([
    readTimeline(store, agent),
    store.rows('versions_of_agent', { agent }, version),
    readCounts(store, agent, []),
    readEvents(store, agent, true),
  ]);
  const mapping = new GroupMapping(events);
  const ledger = ledgerOf(store, agent, { counts, timeline, mapping });
  const drafts = draftsOf({ versions, evolutions: ledger.timeline, counts, events });
  const { items, next_cursor } = memoryPage(
    // Stored instants have more digits, so that this one sorts before its equals.
    drafts.filter(({ timestamp }) => timestamp >= since.replace('Z', '')),
    (draft) => ({ timestamp: draft.timestamp, id: [draft.kind, idOf(draft)] }),
    page,
  );
  return { items: await complete(ledger, items), next_cursor };
}
