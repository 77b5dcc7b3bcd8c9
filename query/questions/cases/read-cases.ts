// The inputs on which a group failed, so that a fix can be tried on them before it ships.
import { z } from 'zod';
import { keyset, pageFrom } from '../../base/cursor.ts';
import { NotFoundError } from '../../base/errors.ts';
import { type Page, uuid } from '../../base/fields.ts';
import type { Store } from '../../base/store.ts';
import { membersOf } from '../groups/members.ts';
import { agentOf } from '../groups/place.ts';
import type { casesQuery, FailureCase } from './question.ts';

const row = z.object({
  timestamp: z.string(),
  failure_id: z.string(),
  agent_id: z.string(),
  node_id: z.string(),
  graph_snapshot_ref: z.string(),
  fingerprint: z.string(),
  error_type: z.string(),
  error_message: z.string(),
  class: z.string(),
  disposition: z.string(),
  input_context: z.string(),
  input_digest: z.string(),
  redactions: z.record(z.string(), z.coerce.number()),
  is_truncated: z.coerce.boolean(),
  failures: z.coerce.number(),
  first_seen: z.string(),
});

export async function readCases(
  store: Store,
  { fingerprint, ...page }: z.output<typeof casesQuery> & { fingerprint: string },
): Promise<Page<FailureCase>> {
  const bounds = keyset(page, (id) => uuid.safeParse(id).success);
  const agent = await agentOf(store, fingerprint);
  if (agent === undefined) throw new NotFoundError('fingerprint', fingerprint);
  const fingerprints = await membersOf(store, agent, fingerprint);
  const rows = await store.rows('failure_cases', { agent, fingerprints, ...bounds }, row);
  const { items, next_cursor } = pageFrom(rows, page.limit, ({ timestamp, failure_id: id }) => ({
    timestamp,
    id,
  }));
  return { items: items.map(toCase), next_cursor };
}

function toCase(failure: z.infer<typeof row>): FailureCase {
  return {
    input: failure.input_context,
    input_is_json: isJson(failure.input_context),
    input_digest: failure.input_digest || null,
    truncated: failure.is_truncated,
    redactions: failure.redactions,
    agent_id: failure.agent_id,
    node: failure.node_id,
    graph_snapshot_ref: failure.graph_snapshot_ref,
    expected: 'not this failure',
    fingerprint: failure.fingerprint,
    error_type: failure.error_type,
    error_message: failure.error_message,
    class: failure.class,
    disposition: failure.disposition,
    failure_id: failure.failure_id,
    seen: failure.timestamp,
    first_seen: failure.first_seen,
    failures: failure.failures,
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
