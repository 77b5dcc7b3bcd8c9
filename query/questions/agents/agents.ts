// All agents that were ever seen.
import { z } from 'zod';
import { count, flag, instant, pageOf } from '../../base/fields.ts';
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
export type Agent = z.infer<typeof agent>;

/** All agents that were ever seen, the latest first. `states` adds their groups by state. */
export const agents = question({
  summary: 'All agents that were ever seen',
  path: '/agents',
  input: z.strictObject({
    states: flag.optional().describe('With its groups by state; this reads every failure'),
  }),
  output: pageOf(agent),
  async answer({ states }, { store }) {
    return { items: await readAgents(store, states === true), next_cursor: null };
  },
});

const counted = agent
  .omit({ states: true })
  .extend({ last_seen: agent.shape.last_seen.nullable() });
const seen = z.object({ agent_id: z.string(), last_seen: agent.shape.last_seen });

/**
 * The agents, the one that was heard of last first.
 *
 * @param states whether to count each agent's groups by state
 */
async function readAgents(store: Store, states: boolean): Promise<Agent[]> {
  const [counts, statesOf] = await Promise.all([
    store.rows('agents', {}, counted),
    states ? import('../groups/list.ts').then((list) => list.statesByAgent(store)) : undefined,
  ]);
  const quiet = counts.filter(({ last_seen }) => last_seen === null);
  const names = quiet.map(({ agent_id }) => agent_id);
  const seenBefore = new Map<string, string>();
  for (let start = 0; start < names.length; start += NAMES_AT_ONCE) {
    const some = names.slice(start, start + NAMES_AT_ONCE);
    for (const { agent_id, last_seen } of await store.rows(
      'agents_last_seen',
      { agents: some },
      seen,
    ))
      seenBefore.set(agent_id, last_seen);
  }
  return counts
    .map(({ last_seen, ...one }) => ({
      ...one,
      last_seen: last_seen ?? seenBefore.get(one.agent_id) ?? BEGINNING,
      ...(statesOf && { states: statesOf.get(one.agent_id) ?? {} }),
    }))
    .sort((a, b) => compare(b.last_seen, a.last_seen) || compare(a.agent_id, b.agent_id));
}

/** Parameters go in the address of a request, and an id may be long. */
const NAMES_AT_ONCE = 500;

/** Of an agent that retention has taken between the two questions. */
const BEGINNING = '1970-01-01T00:00:00.000000000Z';

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
