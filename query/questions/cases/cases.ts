// The inputs on which a group failed, so that a fix can be tried on them before it ships.
import { z } from 'zod';
import { decodeCursor, encodeCursor, storedForm } from '../../base/cursor.ts';
import { NotFoundError } from '../../base/errors.ts';
import { parseInput } from '../../base/input.ts';
import type { Page } from '../../base/schemas.ts';
import type { Store } from '../../base/store.ts';
import { membersOf } from '../groups/members.ts';
import { agentOf } from '../groups/place.ts';
import { groupName } from '../groups/schemas.ts';
import { casesQuery, type FailureCase } from './schemas.ts';

/** Which cases to list. */
export interface CasesOptions {
  /** ISO 8601 instant, or how long ago: `30m`, `24h`, `7d`. Default: all that is kept. */
  since?: string;
  /** 1 to 500. @default 20 */
  limit?: number;
  /** `next_cursor` of the page before. */
  cursor?: string;
}

export interface CasesHistory {
  /**
   * The inputs on which a group failed, one for each distinct input of a node, the newest first.
   * Failures that were told without their input give none.
   *
   * @throws {NotFoundError} for a fingerprint of which no failure is kept
   */
  cases(fingerprint: string, options?: CasesOptions): Promise<Page<FailureCase>>;
}

const row = z.object({
  timestamp: z.string(),
  failure_id: z.string(),
  agent_id: z.string(),
  node_id: z.string(),
  graph_snapshot_ref: z.string(),
  fingerprint: z.string(),
  input_context: z.string(),
  input_digest: z.string(),
  redactions: z.record(z.string(), z.coerce.number()),
  is_truncated: z.coerce.boolean(),
  failures: z.coerce.number(),
  first_seen: z.string(),
});

export function casesQuestions(store: Store): CasesHistory {
  return {
    async cases(fingerprint, options = {}) {
      parseInput(groupName, { fingerprint });
      const { since, limit, cursor } = parseInput(casesQuery, options);
      const isUuid = (id: string) => z.guid().safeParse(id).success;
      const before = cursor ? decodeCursor(cursor, isUuid) : undefined;
      const agent = await agentOf(store, fingerprint);
      if (agent === undefined) throw new NotFoundError('fingerprint', fingerprint);
      const rows = await store.rows(
        'failure_cases',
        {
          agent,
          fingerprints: await membersOf(store, agent, fingerprint),
          since: since ? storedForm(since) : '1970-01-01 00:00:00',
          before_timestamp: before?.timestamp ?? '2262-01-01 00:00:00',
          before_id: before?.id ?? 'ffffffff-ffff-ffff-ffff-ffffffffffff',
          limit: limit + 1,
        },
        row,
      );
      const shown = rows.slice(0, limit);
      const last = shown.at(-1);
      const next_cursor =
        last && rows.length > limit
          ? encodeCursor({ timestamp: last.timestamp, id: last.failure_id })
          : null;
      return { items: shown.map(toCase), next_cursor };
    },
  };
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
