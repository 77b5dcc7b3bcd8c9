// Says something about a group: as a span to the collector, on the same way as everything else.
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { recordGroupEvent } from '../../../instrumentation/index.ts';
import { emitSpans, readBack } from '../../base/emit.ts';
import { InvalidInputError, NotFoundError } from '../../base/errors.ts';
import type { OtlpOptions } from '../../base/question.ts';
import type { Store } from '../../base/store.ts';
import { evolution } from '../evolutions/schemas.ts';
import { GroupMapping } from './mapping.ts';
import { agentOf } from './place.ts';
import { chosenProposal, proposalsOf } from './proposals.ts';
import { readEvents } from './rows.ts';
import { type GroupEvent, type groupChange, groupEvent } from './schemas.ts';

/**
 * Checks that this can be said of the group, emits it and resolves when it can be read back. With the
 * id of an event that is stored, that event is the answer.
 *
 * @throws {InvalidInputError} for what cannot be said of this group
 * @throws {NotFoundError} for a fingerprint or an evolution that is not stored
 * @throws {UnavailableError} when the collector does not take it
 */
export async function changeGroup(
  store: Store,
  otlp: OtlpOptions | undefined,
  fingerprint: string,
  change: z.output<typeof groupChange>,
): Promise<GroupEvent> {
  if (!otlp) {
    throw new InvalidInputError(
      'otlp',
      'connect() needs the collector to change a group, --role query its --collector-url',
    );
  }
  const agent_id = await agentOf(store, fingerprint);
  if (agent_id === undefined) throw new NotFoundError('fingerprint', fingerprint);
  const events = await readEvents(store, agent_id, false);
  const mapping = new GroupMapping(events);
  const event: Omit<GroupEvent, 'timestamp'> = {
    event_id: change.event_id?.toLowerCase() ?? randomUUID(),
    agent_id,
    // A split is about the fingerprint itself, everything else about the group that it is in.
    fingerprint: change.kind === 'split' ? fingerprint : mapping.groupOf(fingerprint),
    // To accept a proposal is to merge.
    kind: change.kind === 'accept' ? 'merge' : change.kind,
    other_fingerprint:
      'other_fingerprint' in change && change.other_fingerprint
        ? mapping.groupOf(change.other_fingerprint)
        : '',
    value: 'value' in change ? change.value : '',
    author: change.author,
    reason: change.reason ?? '',
    evolution_id: (change.kind === 'resolve' && change.evolution_id) || '',
  };
  const stored = change.event_id ? await storedEvent(store, event.event_id) : undefined;
  const isDecided = change.kind === 'accept' || change.kind === 'dismiss';
  if (stored) return isDecided ? sameDecision(stored, event) : sameAs(stored, event, mapping);
  if (isDecided) decide(event, change, events, mapping);
  if (change.kind === 'merge') await checkMerge(store, event, fingerprint, change);
  if (change.kind === 'split') checkSplit(mapping, fingerprint);
  if (event.evolution_id !== '') await checkEvolution(store, event);
  await emit(otlp, event);
  return readBack(`event ${event.event_id}`, () => storedEvent(store, event.event_id));
}

/** What was decided under the id: its proposal is no longer open. */
function sameDecision(stored: GroupEvent, { kind }: Omit<GroupEvent, 'timestamp'>): GroupEvent {
  if (stored.kind === kind) return stored;
  throw usedId(stored);
}

/** Makes it an event about the two groups of the proposal that is meant. */
function decide(
  event: Omit<GroupEvent, 'timestamp'>,
  { reason }: { reason?: string | undefined },
  events: readonly GroupEvent[],
  mapping: GroupMapping,
): void {
  const open = proposalsOf(events, mapping, event.fingerprint);
  const chosen = chosenProposal(open, event.other_fingerprint || undefined);
  event.fingerprint = chosen.fingerprint;
  event.other_fingerprint = chosen.other_fingerprint;
  event.reason = reason ?? chosen.reason;
}

/** The event that is stored under the id, if it says the same. */
function sameAs(
  stored: GroupEvent,
  event: Omit<GroupEvent, 'timestamp'>,
  mapping: GroupMapping,
): GroupEvent {
  const group = (name: string) => name && mapping.groupOf(name);
  const isSame =
    stored.kind === event.kind &&
    stored.evolution_id === event.evolution_id &&
    group(stored.fingerprint) === group(event.fingerprint) &&
    group(stored.other_fingerprint) === event.other_fingerprint &&
    (event.kind !== 'annotate' || stored.value === event.value);
  if (isSame) return stored;
  throw usedId(stored);
}

const usedId = ({ kind, fingerprint }: GroupEvent): InvalidInputError =>
  new InvalidInputError('event_id', `is the id of an earlier event: ${kind} of ${fingerprint}`);

async function checkMerge(
  store: Store,
  event: Omit<GroupEvent, 'timestamp'>,
  fingerprint: string,
  { other_fingerprint: other }: { other_fingerprint: string },
): Promise<void> {
  if (other === fingerprint) {
    throw new InvalidInputError('other_fingerprint', 'a group cannot be merged into itself');
  }
  const agent = await agentOf(store, other);
  if (agent === undefined) throw new NotFoundError('other_fingerprint', other);
  if (agent !== event.agent_id) {
    throw new InvalidInputError(
      'other_fingerprint',
      `is a group of agent ${JSON.stringify(agent)}, while ${fingerprint} is one of ${JSON.stringify(event.agent_id)}: groups are merged within an agent`,
    );
  }
  if (event.other_fingerprint === event.fingerprint) {
    throw new InvalidInputError(
      'other_fingerprint',
      `is in one group with ${fingerprint} already, that of ${event.fingerprint}: merging them again would be a cycle`,
    );
  }
}

function checkSplit(mapping: GroupMapping, fingerprint: string): void {
  if (mapping.mergedInto(fingerprint) !== undefined) return;
  const [, ...members] = mapping.membersOf(fingerprint);
  const hint = members.length > 0 ? `; what was merged into it: ${members.join(', ')}` : '';
  throw new InvalidInputError('fingerprint', `is not merged into another group${hint}`);
}

async function checkEvolution(
  store: Store,
  { agent_id, evolution_id }: Omit<GroupEvent, 'timestamp'>,
): Promise<void> {
  const [found] = await store.rows('evolution_by_id', { evolution_id }, evolution);
  if (!found) throw new NotFoundError('evolution_id', evolution_id);
  if (found.agent_id !== agent_id) {
    throw new InvalidInputError(
      'evolution_id',
      `is an evolution of agent ${JSON.stringify(found.agent_id)}`,
    );
  }
}

async function emit(otlp: OtlpOptions, event: Omit<GroupEvent, 'timestamp'>): Promise<void> {
  await emitSpans(otlp, 'the event', (tracer) =>
    recordGroupEvent(
      {
        id: event.event_id,
        agentId: event.agent_id,
        kind: event.kind,
        fingerprint: event.fingerprint,
        otherFingerprint: event.other_fingerprint,
        value: event.value,
        reason: event.reason,
        author: event.author,
        evolutionId: event.evolution_id,
      },
      tracer,
    ),
  );
}

async function storedEvent(store: Store, event_id: string): Promise<GroupEvent | undefined> {
  const [found] = await store.rows('group_event_by_id', { event_id }, groupEvent);
  return found;
}
