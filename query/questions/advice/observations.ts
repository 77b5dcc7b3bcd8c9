// Reads what came after the newest failures of one kind, and how a node did of late.
import { z } from 'zod';
import { storedForm } from '../../base/cursor.ts';
import type { Store } from '../../base/store.ts';
import type { Annotations } from '../groups/annotations.ts';
import { type Next, whatCameNext } from './next-attempt.ts';
import type { NodeFacts } from './question.ts';

/** Days of a node's history; attempts are kept for 30. The second is read where the first has too few. */
const NODE_DAYS = [1, 30] as const;
/** The same for all nodes of an agent, of which there is more to read. */
const AGENT_DAYS = [1, 7] as const;
/** No older failures are looked at. */
export const HISTORY_DAYS = 30;
/** Failures within the first that make the second needless. */
const PLENTY = 50;
/** Newest failures of each attempt number. */
export const AT_MOST = 200;
const AT_MOST_IN_ALL = 600;

/** Which failures of an agent to look at; what is left out may be anything. */
export interface Kind {
  node?: string;
  /** Any fingerprint of a group stands for the group. */
  fingerprint?: string;
  error_type?: string;
  class?: string;
}

/** One failed attempt, and what came after it. */
export interface Observation {
  attempt: number;
  class: string;
  next: Next;
}

const row = z.object({
  failed_at: z.number(),
  attempt: z.coerce.number(),
  run_id: z.string(),
  node_id: z.string(),
  disposition: z.string(),
  class: z.string(),
  attempts: z.array(z.tuple([z.coerce.number(), z.boolean(), z.number()])),
});

/**
 * What came after failures, the newest first.
 *
 * @param said of the agent's groups: what is merged is one, and an annotated class wins
 */
export async function observe(
  store: Store,
  agent: string,
  kind: Kind,
  { mapping, classes }: Annotations,
): Promise<Observation[]> {
  const now = Date.now();
  const group = (fingerprint: string) => mapping.membersOf(mapping.groupOf(fingerprint));
  const annotated = (isClass: boolean) =>
    [...classes].flatMap(([id, name]) => ((name === kind.class) === isClass ? group(id) : []));
  let rows: z.infer<typeof row>[] = [];
  for (const days of kind.node ? NODE_DAYS : AGENT_DAYS) {
    const params = {
      agent,
      node: kind.node ?? '',
      fingerprints: kind.fingerprint ? group(kind.fingerprint) : [],
      error_type: kind.error_type ?? '',
      class: kind.class ?? '',
      annotated: annotated(true),
      otherwise: annotated(false),
      since: storedForm(daysBefore(now, days)),
      limit: AT_MOST,
      total: AT_MOST_IN_ALL,
    };
    rows = await store.rows('retry_history', params, row);
    if (rows.length >= PLENTY) break;
  }
  const attemptsOf = ({ attempts }: z.infer<typeof row>) =>
    attempts.map(([attempt, ok, started]) => ({ attempt, ok, started }));
  const next = whatCameNext(rows, attemptsOf, now);
  return rows.map((failure, index) => ({
    attempt: failure.attempt,
    class: failure.class,
    next: next[index]!,
  }));
}

const factsRow = z.object({
  attempts: z.coerce.number(),
  failure_count: z.coerce.number(),
  consecutive_failures: z.coerce.number(),
  last_failure_at: z.string().nullable(),
});

/** How a node did in the last 24 hours. */
export async function factsOf(store: Store, agent: string, node: string): Promise<NodeFacts> {
  const since = daysBefore(Date.now(), 1);
  const [facts] = await store.rows(
    'node_facts',
    { agent, node, since: storedForm(since) },
    factsRow,
  );
  const { last_failure_at } = facts!;
  return {
    since,
    ...facts!,
    last_failure_at: last_failure_at && `${last_failure_at.replace(' ', 'T')}Z`,
  };
}

export const daysBefore = (now: number, days: number): string =>
  new Date(now - days * 86_400_000).toISOString();
