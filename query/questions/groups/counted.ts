// What is counted for groups: of those that are named, or of all of an agent.
import type { Store } from '../../base/store.ts';
import { FEWEST } from './escalation.ts';
import { GroupMapping } from './mapping.ts';
import { type Counts, type Hours, readCounts, readHours } from './rows.ts';
import type { GroupEvent } from './schemas.ts';

interface Counted {
  counts: Counts[];
  /** Of some of them. */
  hours: Hours[];
}
type Events = GroupEvent[] | Promise<GroupEvent[]>;

/** Counts of the groups that have one of these fingerprints: which are in a group is known only after its events. */
export async function countMembers(
  store: Store,
  agent: string,
  only: readonly string[],
  events: Events,
  now: number,
): Promise<Counted> {
  const members = membersOf(new GroupMapping(await events), only);
  // Without a name all would be counted.
  if (members.length === 0) return { counts: [], hours: [] };
  const [counts, hours] = await Promise.all([
    readCounts(store, agent, members),
    readHours(store, agent, members, now),
  ]);
  return { counts, hours };
}

/** Counts of all groups of an agent, and the hours of those that may be escalating. */
export async function countAll(
  store: Store,
  agent: string,
  events: Events,
  now: number,
): Promise<Counted> {
  const [known, counts] = await Promise.all([events, readCounts(store, agent, [], now)]);
  const hours = await readHours(store, agent, busyOf(counts, new GroupMapping(known)), now);
  return { counts, hours };
}

/** All fingerprints of the groups that have one of these. */
const membersOf = (mapping: GroupMapping, fingerprints: readonly string[]): string[] => [
  ...new Set(fingerprints.flatMap((one) => mapping.membersOf(mapping.groupOf(one)))),
];

/** The fingerprints of groups that failed often enough in the last hours to escalate. */
function busyOf(counts: readonly Counts[], mapping: GroupMapping): string[] {
  const sums = new Map<string, number>();
  for (const { fingerprint, recent_failures } of counts) {
    const group = mapping.groupOf(fingerprint);
    sums.set(group, (sums.get(group) ?? 0) + recent_failures);
  }
  return [...sums].flatMap(([group, sum]) => (sum >= FEWEST ? mapping.membersOf(group) : []));
}
