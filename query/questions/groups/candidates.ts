// Which fingerprints of all agents may be of a group that is asked for: so that few have to be looked into where few fit.
import { z } from 'zod';
import { type Place, sinceOf, storedForm } from '../../base/cursor.ts';
import type { GroupState } from '../../base/states.ts';
import type { Store } from '../../base/store.ts';
import { FEWEST, RECENT_HOURS } from './escalation.ts';
import type { Found } from './facts.ts';
import { hourOf, NEW_DAYS } from './lifecycle.ts';
import { GroupMapping } from './mapping.ts';

const HOUR_MS = 3_600_000;
/** Names that travel with a statement. */
const MOST_NAMES = 2_000;

/** What a group has to be. */
export interface Wanted {
  state?: GroupState | undefined;
  node?: string | undefined;
  class?: string | undefined;
  /** ISO 8601. */
  since?: string | undefined;
  /** Fingerprints that have the text. */
  withText?: ReadonlySet<string> | undefined;
}

const row = z.object({ fingerprint: z.string(), last_seen: z.string() });
type Candidate = z.infer<typeof row>;

/** What was said or tried decides where anything was; these are candidates for whatever is asked. */
export class Candidates {
  readonly #store: Store;
  readonly #params: Record<string, unknown>;

  /** @param now milliseconds since 1970 */
  constructor(
    store: Store,
    wanted: Wanted,
    { events, timeline }: Pick<Found, 'events' | 'timeline'>,
    now: number,
  ) {
    const { state, node = '', class: only = '', since, withText } = wanted;
    const touched = new Set([
      ...events.flatMap(({ fingerprint, other_fingerprint }) => [fingerprint, other_fingerprint]),
      ...new GroupMapping(events).fingerprints(),
      ...timeline.flatMap(({ target_fingerprints }) => target_fingerprints),
    ]);
    touched.delete('');
    // Names that are too many to send make no difference: then all are candidates.
    const isFew = touched.size <= MOST_NAMES;
    const kind = isFew ? kindOf(state, since) : 'any';
    const withNames = withText && withText.size <= MOST_NAMES ? [...withText] : [];
    this.#store = store;
    this.#params = {
      since: sinceOf(since),
      kind,
      touched: isFew ? [...touched] : [],
      mark: storedForm(markOf(kind, now)),
      fewest: FEWEST,
      // Of a group that failed since then, the node may have failed before.
      node: since === undefined && isFew ? node : '',
      class: isFew ? only : '',
      among: isFew ? withNames : [],
    };
  }

  /** Those that failed last first, from a place on. */
  after({ timestamp, id }: Place, limit: number): Promise<Candidate[]> {
    const place = { before_timestamp: timestamp, before_id: id, limit };
    return this.#store.rows('fingerprints_by_time', { ...this.#params, ...place }, row);
  }
}

type Kind = 'any' | 'touched' | 'new' | 'ongoing' | 'escalating';

/** What the first and the last failures of a fingerprint say of the state of a group that nothing was said about. */
function kindOf(state: GroupState | undefined, since: string | undefined): Kind {
  if (state === 'resolved' || state === 'regressed' || state === 'ignored') return 'touched';
  if (state === 'new') return 'new';
  // These would need failures from before.
  return state === undefined || since !== undefined ? 'any' : state;
}

function markOf(kind: Kind, now: number): string {
  const hours = kind === 'escalating' ? RECENT_HOURS - 1 : NEW_DAYS * 24;
  const from = kind === 'escalating' ? hourOf(now) * HOUR_MS : now;
  return new Date(from - hours * HOUR_MS).toISOString();
}
