// Groups that look like one problem, as long as nobody accepted or dismissed it
// (docs/decisions/0039-mapping.md).
import { InvalidInputError } from '../../base/errors.ts';
import type { GroupMapping } from './mapping.ts';
import type { GroupEvent, Proposal } from './schemas.ts';

/**
 * The open proposals about a group, the oldest first: of its fingerprints into another group, and of
 * others into it.
 *
 * @param events all of the agent, the oldest first
 */
export function proposalsOf(
  events: readonly GroupEvent[],
  mapping: GroupMapping,
  fingerprint: string,
): Proposal[] {
  const group = mapping.groupOf(fingerprint);
  const groupsOf = (event: GroupEvent): [string, string] => [
    mapping.groupOf(event.fingerprint),
    mapping.groupOf(event.other_fingerprint),
  ];
  const pairOf = (event: GroupEvent): string => groupsOf(event).sort().join(' ');
  const closed = new Set(events.filter(({ kind }) => kind === 'dismiss').map(pairOf));
  const open: Proposal[] = [];
  for (const event of events) {
    if (event.kind !== 'propose') continue;
    const [from, into] = groupsOf(event);
    const pair = pairOf(event);
    if (from === into || (from !== group && into !== group) || closed.has(pair)) continue;
    closed.add(pair);
    const { reason, value, author, timestamp } = event;
    open.push({
      fingerprint: from,
      other_fingerprint: into,
      reason,
      evidence: value,
      author,
      timestamp,
    });
  }
  return open;
}

/**
 * The proposal that somebody decides about.
 *
 * @param other the group on its other side, if one was named
 * @throws {InvalidInputError} when there is none, or several and none was named
 */
export function chosenProposal(open: readonly Proposal[], other: string | undefined): Proposal {
  const fitting = open.filter(
    ({ fingerprint, other_fingerprint }) =>
      other === undefined || other === fingerprint || other === other_fingerprint,
  );
  const [chosen] = fitting;
  if (chosen && fitting.length === 1) return chosen;
  const pairs = open.map((one) => `${one.fingerprint} with ${one.other_fingerprint}`).join(', ');
  throw new InvalidInputError(
    'other_fingerprint',
    chosen
      ? `expected which of these is meant: ${pairs}`
      : `no such proposal is open${pairs && `; open are ${pairs}`}`,
  );
}
