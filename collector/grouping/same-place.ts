// Which fingerprints are one problem by themselves: of one type, raised in one frame for the same causes,
// with messages that can be renderings of one.
import type { Steps } from '../decode/turns.ts';
import { agree } from '../materialize/fingerprint/agreement.ts';
import { byAge, type Member } from './member.ts';

/** Of those raised in one frame, the oldest; more messages than that are no slots of a few. */
const MAX_AT_PLACE = 200;

/** What a fingerprint belongs to: the oldest of those that are one problem with it. */
export interface Joined {
  member: Member;
  into: Member;
}

/**
 * All that belong to another one. Which are one problem does not depend on the order of `members`; a
 * member agrees with one of its problem, and not always with each.
 */
export function* joinedIn(members: readonly Member[]): Steps<Joined[]> {
  const joined: Joined[] = [];
  for (const place of placesOf(members).values()) joined.push(...(yield* problemsAt(place)));
  return joined;
}

function placesOf(members: readonly Member[]): Map<string, Member[]> {
  const places = new Map<string, Member[]>();
  for (const member of members) {
    const { agent_id, node_id, error_type, raised, causes } = member;
    if (raised === '') continue;
    const key = JSON.stringify([agent_id, node_id, error_type, raised, causes]);
    const known = places.get(key);
    if (known) known.push(member);
    else places.set(key, [member]);
  }
  return places;
}

function* problemsAt(place: readonly Member[]): Steps<Joined[]> {
  if (place.length < 2) return [];
  const members = [...place].sort(byAge).slice(0, MAX_AT_PLACE);
  // The oldest of each problem, by the place of each member.
  const oldest = members.map((_, i) => i);
  const oldestOf = (i: number): number => {
    let at = i;
    while (oldest[at] !== at) at = oldest[at]!;
    return at;
  };
  for (let i = 1; i < members.length; i++) {
    for (let j = 0; j < i; j++) {
      const [one, other] = [oldestOf(i), oldestOf(j)];
      if (one === other) continue;
      yield;
      if (agree(members[i]!.units, members[j]!.units)) {
        oldest[Math.max(one, other)] = Math.min(one, other);
      }
    }
  }
  return members.flatMap((member, i) => {
    const into = members[oldestOf(i)]!;
    return into === member ? [] : [{ member, into }];
  });
}
