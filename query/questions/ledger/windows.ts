// Which attempts count as before and which as after an evolution. Versions decide where they are known,
// times where they are not. Pure.
import { quoteId } from '../../base/quote.ts';
import type { Evolution } from '../evolutions/schemas.ts';

/** Attempts on some versions within some time. */
export interface Side {
  /** The versions; null = any but {@link except}. */
  refs: ReadonlySet<string> | null;
  except: ReadonlySet<string>;
  /** From this instant on, '' = the beginning. */
  since: string;
  /** Before this instant, {@link NEVER} = no end. */
  until: string;
}

export interface Window {
  before: Side;
  after: Side;
  /** What a reader has to know of the choice, as short sentences. */
  notes: string[];
}

/** Whether an instant on a version lies on a side. */
export function isOn({ refs, except, since, until }: Side, ref: string, instant: string): boolean {
  return (refs ? refs.has(ref) : !except.has(ref)) && instant >= since && instant < until;
}

/** Later than every instant, as text. */
export const NEVER = '~';
const none: ReadonlySet<string> = new Set();

/** The evolutions of one agent, the oldest first. */
export type Timeline = readonly Evolution[];

/** Brings evolutions of one agent into their order. */
export function timelineOf(evolutions: readonly Evolution[]): Timeline {
  const key = ({ timestamp, evolution_id }: Evolution) => `${timestamp} ${evolution_id}`;
  return [...evolutions].sort((one, other) => (key(one) < key(other) ? -1 : 1));
}

/**
 * The window of an evolution for one group: before it the version that it changed, after it the new
 * version and what later evolutions made of that, until one targets the same group or reverts it.
 *
 * @param fingerprints of the group; without them nothing but a revert ends the window
 */
export function windowOf(
  evolution: Evolution,
  timeline: Timeline,
  fingerprints?: readonly string[],
): Window {
  const { from_ref: from, graph_snapshot_ref: to } = evolution;
  const isNamed = from !== '' && to !== '' && from !== to;
  const window = (isNamed ? byVersions : byTime)(evolution, timeline, fingerprints);
  return { ...window, notes: [...statusNotes(evolution), ...window.notes] };
}

/** Where one of the versions is not known by its own. */
function byTime(
  evolution: Evolution,
  timeline: Timeline,
  fingerprints: readonly string[] | undefined,
): Window {
  const { from_ref: from, graph_snapshot_ref: to, timestamp } = evolution;
  const { earlier, later } = applied(evolution, timeline);
  const hasNew = to !== '' && to !== from;
  const end =
    later.find((other) => fingerprints === undefined || targets(other, fingerprints))?.timestamp ??
    NEVER;
  const newer = new Set([to]);
  return {
    before: {
      refs: from === '' ? null : new Set([from]),
      except: hasNew ? newer : none,
      since: earlier.at(-1)?.timestamp ?? '',
      until: timestamp,
    },
    after: hasNew
      ? { refs: newer, except: none, since: '', until: NEVER }
      : { refs: null, except: none, since: timestamp, until: end },
    notes: [
      `The version ${hasNew ? 'before' : 'after'} it is not known by its own: attempts are counted by time.`,
      ...sharedNotes(
        'It shares this time with',
        later.filter((other) => other.timestamp < end),
      ),
    ],
  };
}

/** Where the version before and the one after are known. */
function byVersions(
  evolution: Evolution,
  timeline: Timeline,
  fingerprints: readonly string[] = [],
): Window {
  const { from_ref: from, graph_snapshot_ref: to, timestamp } = evolution;
  const notes: string[] = [];
  const refs = new Set([to]);
  const joined: Evolution[] = [];
  for (const other of applied(evolution, timeline).later) {
    if (!refs.has(other.from_ref) || other.graph_snapshot_ref === '') continue;
    if (other.graph_snapshot_ref === from) {
      notes.push(`Reverted by evolution ${quoteId(other.evolution_id)}.`);
    } else if (!targets(other, fingerprints) && !refs.has(other.graph_snapshot_ref)) {
      refs.add(other.graph_snapshot_ref);
      joined.push(other);
    }
  }
  const twins = timeline.filter(
    (other) =>
      other.evolution_id !== evolution.evolution_id &&
      other.graph_snapshot_ref === to &&
      wasApplied(other),
  );
  return {
    before: { refs: new Set([from]), except: none, since: '', until: timestamp },
    after: { refs, except: none, since: '', until: NEVER },
    notes: [
      ...notes,
      ...sharedNotes(
        'Versions of later evolutions are counted as well, with what they did:',
        joined,
      ),
      ...sharedNotes('The same version was made by', twins),
    ],
  };
}

/** Evolutions of the timeline that were put to use, before this one and after it. */
function applied({ evolution_id }: Evolution, timeline: Timeline) {
  const at = timeline.findIndex((other) => other.evolution_id === evolution_id);
  return {
    earlier: timeline.slice(0, Math.max(at, 0)).filter(wasApplied),
    later: timeline.slice(at + 1).filter(wasApplied),
  };
}

const targets = (evolution: Evolution, fingerprints: readonly string[]): boolean =>
  evolution.target_fingerprints.some((target) => fingerprints.includes(target));

const wasApplied = ({ status }: Evolution): boolean => status !== 'proposed';

function statusNotes({ status }: Evolution): string[] {
  if (status === 'reverted') return ['Reverted: the numbers after are of the time it was in use.'];
  return status === 'proposed' ? ['Only proposed, not known to be applied.'] : [];
}

function sharedNotes(words: string, others: Evolution[]): string[] {
  if (others.length === 0) return [];
  const ids = others.slice(0, 3).map((other) => quoteId(other.evolution_id));
  const more = others.length > 3 ? ` and ${others.length - 3} more` : '';
  return [`${words} ${ids.join(', ')}${more}.`];
}
