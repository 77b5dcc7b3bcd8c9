// Which fingerprints are one group. Pure: the same events give the same groups, in whatever order they
// came.
import type { GroupEvent } from './schemas.ts';

type Link = Pick<GroupEvent, 'timestamp' | 'event_id' | 'kind' | 'fingerprint'> &
  Partial<Pick<GroupEvent, 'other_fingerprint'>>;

/**
 * The groups of an agent. The latest `merge` or `split` of a fingerprint decides whether it points to
 * another one; where its pointers end is its group. Two who merge at the same time can close a cycle,
 * which the doors refuse: then all on it are one group, and the smallest fingerprint is its id.
 */
export class GroupMapping {
  readonly #pointers = new Map<string, { to: string; since: string }>();
  readonly #members = new Map<string, string[]>();

  constructor(events: readonly Link[]) {
    const latest = new Map<string, Link>();
    for (const event of events) {
      if (event.kind !== 'merge' && event.kind !== 'split') continue;
      const known = latest.get(event.fingerprint);
      if (!known || isLater(event, known)) latest.set(event.fingerprint, event);
    }
    for (const { kind, fingerprint, other_fingerprint, timestamp } of latest.values()) {
      if (kind === 'split' || !other_fingerprint || other_fingerprint === fingerprint) continue;
      this.#pointers.set(fingerprint, { to: other_fingerprint, since: timestamp });
    }
    for (const fingerprint of [...this.#pointers.keys()].sort()) {
      const group = this.groupOf(fingerprint);
      if (group === fingerprint) continue;
      this.#members.set(group, [...(this.#members.get(group) ?? []), fingerprint]);
    }
  }

  /** The id of the group that a fingerprint is in: its own when nobody merged it. */
  groupOf(fingerprint: string): string {
    return this.#walk(fingerprint).end;
  }

  /** All fingerprints of a group, its id first. */
  membersOf(group: string): string[] {
    return [group, ...(this.#members.get(group) ?? [])];
  }

  /** Where a fingerprint was merged into; undefined when it was not. */
  mergedInto(fingerprint: string): string | undefined {
    return this.#pointers.get(fingerprint)?.to;
  }

  /** Since when a fingerprint is in its group: '' when it gives the group its id. */
  joinedAt(fingerprint: string): string {
    const { end, since } = this.#walk(fingerprint);
    return end === fingerprint ? '' : since;
  }

  /** All fingerprints of groups that have more than one. */
  fingerprints(): string[] {
    return [...this.#members.keys()].flatMap((group) => this.membersOf(group));
  }

  /** Follows the pointers to their end, or around a cycle once. */
  #walk(fingerprint: string): { end: string; since: string } {
    const path = [fingerprint];
    let since = '';
    for (let at = fingerprint; ; ) {
      const next = this.#pointers.get(at);
      if (!next) return { end: at, since };
      if (next.since > since) since = next.since;
      const seen = path.indexOf(next.to);
      if (seen >= 0) return { end: path.slice(seen).sort()[0]!, since };
      path.push(next.to);
      at = next.to;
    }
  }
}

/**
 * The last event that counts for a group: of a member only what was said since it is in there.
 *
 * @param events of the group, the oldest first
 */
export function lastThat(
  mapping: GroupMapping,
  events: readonly GroupEvent[],
  fits: (event: GroupEvent) => boolean,
): GroupEvent | undefined {
  return events.findLast(
    (event) => fits(event) && event.timestamp >= mapping.joinedAt(event.fingerprint),
  );
}

/** Whether an event comes after another one in the order of all events. */
export function isLater(
  one: Pick<GroupEvent, 'timestamp' | 'event_id'>,
  other: Pick<GroupEvent, 'timestamp' | 'event_id'>,
): boolean {
  return one.timestamp === other.timestamp
    ? one.event_id > other.event_id
    : one.timestamp > other.timestamp;
}
