// The questions about groups, and the one way to say something about them.
import type { z } from 'zod';
import { decodeCursor, encodeCursor, storedForm } from '../../base/cursor.ts';
import { NotFoundError } from '../../base/errors.ts';
import { parseInput } from '../../base/input.ts';
import type { Agent, Page } from '../../base/schemas.ts';
import type { Store } from '../../base/store.ts';
import type { OtlpOptions } from '../evolutions/evolutions.ts';
import { changeGroup } from './change.ts';
import { detailOf } from './detail.ts';
import { readGroups } from './facts.ts';
import { agentOf } from './place.ts';
import {
  type Group,
  type GroupChange,
  type GroupDetail,
  type GroupEvent,
  groupName,
  groupsQuery,
} from './schemas.ts';
import { toGroups } from './tell.ts';
import { withTrend } from './trend.ts';

/** Which groups to list. */
export type GroupsOptions = z.input<typeof groupsQuery>;

export interface GroupsHistory {
  /**
   * Groups with their state, those that failed last first: of one agent, or of all if none is named,
   * which reads every failure. `since` leaves out those that did not fail since then; their counts
   * are of all that is kept all the same. `trend` adds the failures by hour and the verdict on the last
   * evolution, in as many statements an agent for one group as for 500.
   */
  groups(options?: GroupsOptions): Promise<Page<Group>>;
  /**
   * One group with its members, events, fixes and hours. Any fingerprint that is in it will do.
   *
   * @throws {NotFoundError} for a fingerprint of which no failure is kept
   */
  group(fingerprint: string): Promise<GroupDetail>;
  /**
   * Remembers what somebody says about a group; resolves when it can be read back. A merge is undone
   * by a split, a resolve or ignore by a reopen, an annotation by an empty one. What is said of a
   * fingerprint that is in another group is said of that group.
   *
   * @throws {NotFoundError} for a fingerprint or evolution that is not stored
   * @throws {InvalidInputError} for a merge of a group into itself, into one of another agent or in a
   *   cycle, and for a split of what was not merged
   * @throws {UnavailableError} when the collector does not take it
   */
  changeGroup(fingerprint: string, change: GroupChange): Promise<GroupEvent>;
}

/** How many groups each agent has in each state. */
export async function statesByAgent(
  store: Store,
): Promise<Map<string, NonNullable<Agent['states']>>> {
  const { groups } = await readGroups(store, { agent: '', now: Date.now() });
  const counted = new Map<string, NonNullable<Agent['states']>>();
  for (const { agent_id, state } of groups) {
    const states = counted.get(agent_id) ?? {};
    counted.set(agent_id, { ...states, [state]: (states[state] ?? 0) + 1 });
  }
  return counted;
}

/** @param otlp where the collector is; without it nothing can be changed */
export function groupsQuestions(store: Store, otlp: OtlpOptions | undefined): GroupsHistory {
  return {
    async groups(options = {}) {
      const {
        agent = '',
        node,
        state,
        since,
        trend,
        limit,
        cursor,
      } = parseInput(groupsQuery, options);
      const before = cursor ? decodeCursor(cursor, isFingerprint) : undefined;
      const now = Date.now();
      const found = await readGroups(store, { agent, now });
      const fitting = found.groups.filter(
        (group) =>
          (!node || group.counts.some(({ node_id }) => node_id === node)) &&
          (!state || group.state === state) &&
          (!since || storedForm(group.last_seen) >= storedForm(since)) &&
          (!before || isBehind(group, before)),
      );
      const shown = fitting.slice(0, limit);
      const last = shown.at(-1);
      const told = await toGroups(store, shown);
      return {
        items: trend ? await withTrend(store, { found, shown, agent, now }, told) : told,
        next_cursor:
          last && fitting.length > limit
            ? encodeCursor({ timestamp: last.last_seen, id: last.fingerprint })
            : null,
      };
    },

    async group(fingerprint) {
      parseInput(groupName, { fingerprint });
      const agent = await agentOf(store, fingerprint);
      if (agent === undefined) throw new NotFoundError('fingerprint', fingerprint);
      return detailOf(store, agent, fingerprint);
    },

    changeGroup: (fingerprint, change) => changeGroup(store, otlp, fingerprint, change),
  };
}

const isFingerprint = (text: string): boolean => groupName.safeParse({ fingerprint: text }).success;

function isBehind(
  { last_seen, fingerprint }: { last_seen: string; fingerprint: string },
  before: { timestamp: string; id: string },
): boolean {
  const seen = storedForm(last_seen);
  return seen === before.timestamp ? fingerprint > before.id : seen < before.timestamp;
}
