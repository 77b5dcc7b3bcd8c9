// All agents that were ever seen.
import { z } from 'zod';
import { BEGINNING, decodeCursor, END, encodeCursor } from '../../base/cursor.ts';
import {
  count,
  cursor,
  flag,
  instant,
  limit,
  MAX_NAME,
  type Page,
  pageOf,
} from '../../base/fields.ts';
import { question } from '../../base/question.ts';
import { GROUP_STATES } from '../../base/states.ts';
import type { Store } from '../../base/store.ts';

const agent = z.object({
  agent_id: z.string(),
  attempts: count,
  failures: count,
  runs: count,
  last_seen: instant,
  states: z
    .partialRecord(z.enum(GROUP_STATES), count)
    .optional()
    .describe('Its groups by state, where asked for; states without a group are absent'),
});
/** An agent that failed or ran, with its counts and where asked for its groups by state. */
export type Agent = z.infer<typeof agent>;

/**
 * Agents that were ever seen, the latest first: page by page those of the last day, then all others by their
 * ids. `states` adds their groups by state.
 */
export const agents = question({
  summary: 'All agents that were ever seen',
  path: '/agents',
  input: z.strictObject({
    agent: z.string().min(1).optional().describe('Only this one'),
    find: z.string().min(1).max(MAX_NAME).optional().describe('Only those with this in their id'),
    limit: limit(1000, 1000),
    cursor,
    states: flag.optional().describe('With its groups by state'),
  }),
  output: pageOf(agent),
  answer: (asked, { store }) => readAgents(store, asked),
});

const counted = agent
  .omit({ states: true })
  .extend({ last_seen: agent.shape.last_seen.nullable() });
const seen = z.object({ agent_id: z.string(), last_seen: agent.shape.last_seen });

interface AgentsQuery {
  agent?: string | undefined;
  find?: string | undefined;
  states?: boolean | undefined;
  limit: number;
  cursor?: string | undefined;
}

/** One page; within it, the one that was heard of last comes first. */
async function readAgents(
  store: Store,
  { agent = '', find = '', states, limit, cursor }: AgentsQuery,
): Promise<Page<Agent>> {
  const before = cursor
    ? decodeCursor(cursor, (id) => id.startsWith(ID))
    : { timestamp: END, id: ID };
  const place = { before_timestamp: before.timestamp, before_id: before.id.slice(ID.length) };
  const found = await store.rows('agents', { agent, find, ...place, limit: limit + 1 }, counted);
  const rows = found.slice(0, limit);
  const silent = rows.filter(({ last_seen }) => last_seen === null);
  const [seenBefore, statesOf] = await Promise.all([
    lastSeen(store, silent.map(idOf)),
    states
      ? import('../groups/list.ts').then((list) => list.statesByAgent(store, rows.map(idOf)))
      : undefined,
  ]);
  const items = rows
    .map(({ last_seen, ...one }) => ({
      ...one,
      last_seen: last_seen ?? seenBefore.get(one.agent_id) ?? NEVER,
      ...(statesOf && { states: statesOf.get(one.agent_id) ?? {} }),
    }))
    .sort((a, b) => compare(b.last_seen, a.last_seen) || compare(a.agent_id, b.agent_id));
  const last = rows.at(-1);
  const next_cursor =
    last && found.length > limit
      ? encodeCursor({ timestamp: last.last_seen ?? BEGINNING, id: `${ID}${last.agent_id}` })
      : null;
  return { items, next_cursor };
}

const idOf = ({ agent_id }: { agent_id: string }): string => agent_id;

/** Before an agent's id in a cursor, since an id may be empty. */
const ID = '=';

/** When agents were heard of last, by id. */
async function lastSeen(store: Store, names: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let start = 0; start < names.length; start += NAMES_AT_ONCE) {
    const some = names.slice(start, start + NAMES_AT_ONCE);
    for (const { agent_id, last_seen } of await store.rows(
      'agents_last_seen',
      { agents: some },
      seen,
    ))
      found.set(agent_id, last_seen);
  }
  return found;
}

/** Parameters go in the address of a request, and an id may be long. */
const NAMES_AT_ONCE = 500;

/** Of an agent that retention has taken between the two questions. */
const NEVER = '1970-01-01T00:00:00.000000000Z';

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
