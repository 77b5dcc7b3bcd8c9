// Which fingerprints may be one problem, for a person or the Queen to decide: the message agrees in every
// word of the code, and something else does not.
import type { Steps } from '../decode/turns.ts';
import { agree } from '../materialize/fingerprint/agreement.ts';
import { byAge, type Member } from './member.ts';

/** Of a node, the newest; with more than that it is not messages that distinguish its problems. */
const MAX_AT_NODE = 200;
/** A slot is one when that many messages differ in it. */
const MIN_FILLERS = 3;

export interface Proposal {
  member: Member;
  into: Member;
  /** In words. */
  reason: string;
}

/**
 * At most one proposal for each member, the strongest: into the oldest that it looks like.
 *
 * @param groupOf the group of a fingerprint; what is in one group is not proposed
 */
export function* proposalsIn(
  members: readonly Member[],
  groupOf: (fingerprint: string) => string,
): Steps<Proposal[]> {
  const nodes = new Map<string, Member[]>();
  for (const member of [...members].sort(byAge)) {
    const key = JSON.stringify([member.agent_id, member.node_id]);
    nodes.set(key, [...(nodes.get(key) ?? []).slice(-MAX_AT_NODE + 1), member]);
  }
  const proposals: Proposal[] = [];
  for (const node of nodes.values()) proposals.push(...(yield* proposalsAt(node, groupOf)));
  return proposals;
}

function* proposalsAt(
  node: readonly Member[],
  groupOf: (name: string) => string,
): Steps<Proposal[]> {
  const proposals: Proposal[] = [];
  for (const [i, member] of node.entries()) {
    const alike: Member[] = [];
    for (const older of node.slice(0, i)) {
      if (!isApart(member, older, groupOf) || !mayMeet(member, older)) continue;
      yield;
      if (agree(member.units, older.units)) alike.push(older);
    }
    const strongest = strongestOf(member, alike);
    if (strongest) proposals.push(strongest);
    yield;
  }
  return proposals;
}

/** @param alike older ones, the oldest first */
function strongestOf(member: Member, alike: readonly Member[]): Proposal | undefined {
  for (const reasonOf of [lostStack, lostCauses, otherType, sameSlot]) {
    for (const into of alike) {
      const reason = reasonOf(member, into, alike);
      if (reason !== undefined) return { member, into, reason };
    }
  }
  return undefined;
}

const isApart = (one: Member, other: Member, groupOf: (name: string) => string): boolean =>
  groupOf(one.fingerprint) !== groupOf(other.fingerprint);

/** Two frames are two places; where one has none, nobody knows. */
const mayMeet = (one: Member, other: Member): boolean =>
  one.raised === other.raised || one.raised === '' || other.raised === '';

/** Some instrumentations report no stack. */
function lostStack(one: Member, other: Member): string | undefined {
  if (one.error_type !== other.error_type || one.raised === other.raised) return undefined;
  const [raised] = [one.raised, other.raised].filter(Boolean);
  return `same error type and words; one was reported without a stack, the other raised in ${raised}`;
}

/** Some report no causes. */
function lostCauses(one: Member, other: Member): string | undefined {
  if (one.error_type !== other.error_type || one.raised !== other.raised) return undefined;
  if (one.raised === '' || one.causes === other.causes) return undefined;
  return one.causes === '' || other.causes === ''
    ? `same error type, words and place (${one.raised}); one was reported without its causes`
    : undefined;
}

/** Some name the type differently, or not at all. */
function otherType(one: Member, other: Member): string | undefined {
  if (one.error_type === other.error_type || !saysTheSame(one, other)) return undefined;
  const names = [one, other].map(({ error_type }) => error_type || 'no type').join(' and ');
  return one.raised !== '' && one.raised === other.raised
    ? `same words, raised in the same place (${one.raised}); reported as ${names}`
    : `same words; reported as ${names}`;
}

const saysTheSame = (one: Member, other: Member): boolean =>
  JSON.stringify(one.units) === JSON.stringify(other.units);

/** The same message without a stack, with other values that read like words. */
function sameSlot(one: Member, other: Member, alike: readonly Member[]): string | undefined {
  if (one.error_type !== other.error_type || one.raised !== '' || other.raised !== '') {
    return undefined;
  }
  const fillers = alike.filter(
    ({ error_type, raised }) => error_type === one.error_type && raised === '',
  );
  return fillers.length + 1 >= MIN_FILLERS
    ? `same error type; ${fillers.length + 1} messages differ only in one place, where values stand`
    : undefined;
}
