// Groups of failures, and the one way to change something about them.
import { question } from '../../base/question.ts';
import {
  groupChange,
  groupDetail,
  groupEvent,
  groupName,
  groupsPage,
  groupsQuery,
} from './schemas.ts';

/**
 * Groups with their state, those that failed last first: of one agent, or of all if none is named. Of all,
 * only those of the page are looked into, or as many as it takes to fill it. `since` leaves out those that did not fail since then; their counts are of all that is
 * kept all the same; where hardly any fits, the search ends after some thousand, `searched` says so, and `next_cursor` goes on. `trend` adds the failures by hour and the verdict on the last evolution, in as many
 * statements an agent for one group as for 500.
 */
export const groups = question({
  summary: 'Groups of failures with their state, those that failed last first',
  path: '/groups',
  input: groupsQuery,
  output: groupsPage,
  async answer(input, { store }) {
    const { listGroups } = await import('./list.ts');
    return listGroups(store, input);
  },
});

/**
 * One group with its members, events, fixes and hours. Any fingerprint that is in it will do.
 *
 * @throws {NotFoundError} for a fingerprint of which no failure is kept
 */
export const group = question({
  summary: 'One group with its members, events, fixes and hours',
  path: '/groups/:fingerprint',
  ids: { fingerprint: 'group' },
  of: groupName.shape,
  output: groupDetail,
  async answer({ fingerprint }, { store }) {
    const { detailOf } = await import('./detail.ts');
    return detailOf(store, fingerprint);
  },
});

/**
 * Records a change of a group; resolves when it can be read back. A merge is undone by a split, a resolve or
 * ignore by a reopen, an annotation by an empty one. A change of a fingerprint that is in another group is
 * one of that group.
 *
 * @throws {NotFoundError} for a fingerprint or evolution that is not stored
 * @throws {InvalidInputError} for a merge of a group into itself, into one of another agent or in a cycle,
 *   and for a split of what was not merged
 * @throws {UnavailableError} when the collector does not take it
 */
export const changeGroup = question({
  summary: 'Say something about a group: resolve, ignore, reopen, merge, split, annotate, note',
  path: '/groups/:fingerprint/events',
  ids: { fingerprint: 'group', other_fingerprint: 'group', evolution_id: 'evolution' },
  changes: true,
  of: groupName.shape,
  input: groupChange,
  output: groupEvent,
  async answer({ fingerprint, ...change }, { store, otlp }) {
    const { changeGroup } = await import('./change.ts');
    return changeGroup(store, otlp, fingerprint, change);
  },
});
