// What the mapping has to say, as rows of `group_events`. Their ids are made of what they say: two
// collectors that find the same write one event, and what was undone is not said again.
import { uuidOf } from '../../instrumentation/semconv/failure-id.ts';
import type { Steps } from '../decode/turns.ts';
import type { GroupEventRow } from '../rows/rows.ts';
import { proposalsIn } from './looks-like.ts';
import type { Member } from './member.ts';
import { joinedIn } from './same-place.ts';

/** Who says it, in the events. */
export const AUTHOR = 'faultline';

/** An event as far as the mapping has to know it. */
export type KnownEvent = Pick<
  GroupEventRow,
  'timestamp' | 'event_id' | 'kind' | 'fingerprint' | 'other_fingerprint'
>;

/**
 * The events that are missing: a merge for each fingerprint that is one problem with an older one, a
 * proposal for each that looks like one. What somebody merged or split stays as it is.
 *
 * @param events all that was said about the groups of these members
 * @param now as ClickHouse writes times
 */
export function* missingEvents(
  members: readonly Member[],
  events: readonly KnownEvent[],
  now: string,
): Steps<GroupEventRow[]> {
  const pointers = new Pointers(events);
  const open = members.filter(({ fingerprint }) => !pointers.wasSplit(fingerprint));
  const merges = (yield* joinedIn(open)).flatMap(({ member, into }) => {
    if (!pointers.add(member.fingerprint, into.fingerprint)) return [];
    const reason = `same error type and place (${into.raised}), messages that differ only where values stand`;
    return [eventOf('merge', member, into, reason, now)];
  });
  const known = new Set(events.map(({ event_id }) => event_id));
  const proposals = (yield* proposalsIn(open, (name) => pointers.end(name)))
    .map(({ member, into, reason }) => eventOf('propose', member, into, reason, now))
    .filter(({ event_id }) => !known.has(event_id));
  return [...merges, ...proposals];
}

function eventOf(
  kind: 'merge' | 'propose',
  member: Member,
  into: Member,
  reason: string,
  timestamp: string,
): GroupEventRow {
  const { agent_id, fingerprint } = member;
  return {
    timestamp,
    event_id: uuidOf(JSON.stringify([AUTHOR, kind, fingerprint, into.fingerprint])),
    agent_id,
    fingerprint,
    kind,
    other_fingerprint: into.fingerprint,
    value: `${JSON.stringify(member.message)} and ${JSON.stringify(into.message)}`,
    author: AUTHOR,
    reason,
    evolution_id: '',
  };
}

/** Where fingerprints were merged into: the latest merge or split of each decides. */
class Pointers {
  readonly #latest = new Map<string, KnownEvent>();
  readonly #split = new Set<string>();

  constructor(events: readonly KnownEvent[]) {
    for (const event of events) {
      if (event.kind !== 'merge' && event.kind !== 'split') continue;
      if (event.kind === 'split') this.#split.add(event.fingerprint);
      const known = this.#latest.get(event.fingerprint);
      if (!known || orderOf(event) > orderOf(known)) this.#latest.set(event.fingerprint, event);
    }
  }

  /** Somebody said that it is a problem of its own. */
  wasSplit(fingerprint: string): boolean {
    return this.#split.has(fingerprint);
  }

  /** The last fingerprint on the way, or the smallest of a cycle. */
  end(fingerprint: string): string {
    const path = [fingerprint];
    for (let at = fingerprint; ; ) {
      const event = this.#latest.get(at);
      if (event?.kind !== 'merge') return at;
      at = event.other_fingerprint;
      const seen = path.indexOf(at);
      if (seen >= 0) return path.slice(seen).sort()[0]!;
      path.push(at);
    }
  }

  /** Points one to another; false where it points somewhere already, or that would be a cycle. */
  add(fingerprint: string, other_fingerprint: string): boolean {
    if (this.#latest.has(fingerprint)) return false;
    if (this.end(other_fingerprint) === this.end(fingerprint)) return false;
    const event_id = '';
    this.#latest.set(fingerprint, {
      timestamp: '',
      event_id,
      kind: 'merge',
      fingerprint,
      other_fingerprint,
    });
    return true;
  }
}

const orderOf = ({ timestamp, event_id }: KnownEvent): string => `${timestamp} ${event_id}`;
