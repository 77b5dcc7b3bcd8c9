// What happened to an agent, before the details are looked up that only some of it needs. Pure.

import type { Evolution } from '../evolutions/schemas.ts';
import { GroupMapping } from '../groups/mapping.ts';
import type { Counts } from '../groups/rows.ts';
import type { GroupEvent } from '../groups/schemas.ts';
import type { TimelineEvent } from './question.ts';

/** A version of the graph; `nodes` is empty where its snapshot is not stored. */
export interface Version {
  ref: string;
  first_seen: string;
  nodes: string[];
}

/** A group over all versions; the node is '' for the graph as a whole. */
interface WholeGroup {
  fingerprint: string;
  node_id: string;
  error_type: string;
  failures: number;
  first_seen: string;
  last_seen: string;
  first_ref: string;
  refs: Set<string>;
}

export type Draft =
  | Exclude<TimelineEvent, { kind: 'evolution' | 'group_vanished' }>
  | { kind: 'evolution'; timestamp: string; evolution: Evolution }
  | { kind: 'group_vanished'; timestamp: string; group: WholeGroup; later: Version[] };

export interface Material {
  versions: readonly Version[];
  evolutions: readonly Evolution[];
  counts: readonly Counts[];
  events: readonly GroupEvent[];
}

/** In no order. */
export function draftsOf({ versions, evolutions, counts, events }: Material): Draft[] {
  return [
    ...versions.map(
      ({ ref, first_seen, nodes }): Draft => ({
        kind: 'version_first_seen',
        timestamp: first_seen,
        graph_snapshot_ref: ref,
        nodes,
      }),
    ),
    ...evolutions.map(
      (evolution): Draft => ({ kind: 'evolution', timestamp: evolution.timestamp, evolution }),
    ),
    ...wholeGroups(counts, new GroupMapping(events)).flatMap((group) => [
      appeared(group),
      ...vanished(group, versions),
    ]),
    ...events.map(
      ({ kind, agent_id: _agent, ...event }): Draft => ({
        kind: 'group_event',
        change: kind,
        ...event,
      }),
    ),
  ];
}

/** What identifies a draft among others of its kind. */
export function idOf(draft: Draft): string {
  switch (draft.kind) {
    case 'version_first_seen':
      return draft.graph_snapshot_ref;
    case 'evolution':
      return draft.evolution.evolution_id;
    case 'group_appeared':
      return draft.fingerprint;
    case 'group_vanished':
      return draft.group.fingerprint;
    case 'group_event':
      return draft.event_id;
  }
}

/** Groups over all versions, those that were merged as one. */
function wholeGroups(counts: readonly Counts[], mapping: GroupMapping): WholeGroup[] {
  const whole = new Map<string, WholeGroup>();
  for (const row of counts) {
    const fingerprint = mapping.groupOf(row.fingerprint);
    const known = whole.get(fingerprint);
    const isFirst = !known || row.first_seen < known.first_seen;
    const { node_id, error_type, level, graph_snapshot_ref: ref } = row;
    whole.set(fingerprint, {
      fingerprint,
      node_id: isFirst ? (level === 'graph' ? '' : node_id) : known.node_id,
      error_type: isFirst ? error_type : known.error_type,
      first_ref: isFirst ? ref : known.first_ref,
      first_seen: isFirst ? row.first_seen : known.first_seen,
      last_seen: !known || row.last_seen > known.last_seen ? row.last_seen : known.last_seen,
      failures: row.failures + (known?.failures ?? 0),
      refs: new Set([...(known?.refs ?? []), ref]),
    });
  }
  return [...whole.values()];
}

const appeared = (group: WholeGroup): Draft => ({
  kind: 'group_appeared',
  timestamp: group.first_seen,
  fingerprint: group.fingerprint,
  node_id: group.node_id,
  error_type: group.error_type,
  failures: group.failures,
  graph_snapshot_ref: group.first_ref,
});

/** A group is gone with the first version after the newest that it failed on. */
function vanished(group: WholeGroup, versions: readonly Version[]): Draft[] {
  const known = versions.filter(({ ref }) => group.refs.has(ref));
  const newest = known
    .map(({ first_seen }) => first_seen)
    .sort()
    .at(-1);
  const later = versions
    .filter(({ first_seen }) => first_seen > (newest ?? group.last_seen))
    .sort((one, other) => (one.first_seen < other.first_seen ? -1 : 1));
  const [first] = later;
  return first ? [{ kind: 'group_vanished', timestamp: first.first_seen, group, later }] : [];
}
