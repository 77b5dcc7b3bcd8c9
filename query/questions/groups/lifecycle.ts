// The lifecycle of a group, derived from facts each time:
//
//   new         first seen less than 7 days ago
//   ongoing     known for longer, or reopened
//   escalating  fails far more often in the last hours than its week lets expect (escalation.ts)
//   resolved    somebody said so, or the verdict on a fix does, and it was not seen since where the fix
//               should work
//   regressed   resolved, and seen again there; stays so until it is resolved, ignored or reopened
//   ignored     somebody said so; stays so until it is reopened
//
// What was said last decides among resolved, ignored and reopened. A group that nobody said anything
// about, or that was reopened, is what its fixes since then came to: resolved or regressed where one was
// seen to work, ongoing where it works and fails on all the same. Otherwise it is new, ongoing or
// escalating. Pure.
import { describePartial, type PartialAnswer } from '../../base/partial.ts';
import { quoteData, quoteId } from '../../base/quote.ts';
import type { Evolution } from '../evolutions/schemas.ts';
import type { Effect } from '../ledger/schemas.ts';
import { DAY_HOURS, type Escalation, escalationIn, WEEK_HOURS } from './escalation.ts';
import type { GroupEvent, GroupState } from './schemas.ts';

/** Days after which a group is no longer called new. */
export const NEW_DAYS = 7;
const HOUR_MS = 3_600_000;
/** Hours of counts that the lifecycle looks at, the current one included. */
export const TREND_HOURS = WEEK_HOURS + DAY_HOURS;

/** A version of the graph that the group failed on. */
export interface FailedVersion {
  /** '' where the failures do not name it. */
  graph_snapshot_ref: string;
  /** When the version was first seen at all, or first failed; an ISO instant. */
  known_since: string;
  /** The first failure on it from {@link settledAt} on, if any; an ISO instant. */
  seen_after: string | null;
}

/** A fix whose verdict is `effective`. */
export interface Mended {
  evolution: Evolution;
  effect: Effect;
  /** Whether it was `effective` before the group failed again, or the group did not. */
  held: boolean;
}

/** What says that a group is solved. */
interface Settlement {
  timestamp: string;
  /** The fix; '' = none is named. */
  evolution_id: string;
  /** Who or what says so, in words. */
  words: string;
}

export interface LifecycleFacts {
  first_seen: string;
  last_seen: string;
  versions: readonly FailedVersion[];
  /** Failures by the hour as `hourOf` counts it; hours without failures may be absent. */
  hours: ReadonlyMap<number, number>;
  /** Failures and tries of its nodes by the hour, retries left out. @default `hours`; not known */
  firsts?: ReadonlyMap<number, number>;
  tried?: ReadonlyMap<number, number> | undefined;
  /** The newest fix since then that works; undefined = none. */
  mended?: Mended | undefined;
  /** What was said last: a `resolve`, `ignore` or `reopen`; undefined = nothing. */
  decision: GroupEvent | undefined;
  /** The evolutions of the agent, the oldest first. */
  timeline: readonly Evolution[];
  /** Shards whose rows are missing. @default none */
  partial?: PartialAnswer | undefined;
  /** Milliseconds since 1970. */
  now: number;
}

export interface Lifecycle {
  state: GroupState;
  /** An ISO instant. */
  since: string;
  /** In words; what came from outside is quoted in it. */
  why: string;
}

export function lifecycleOf(facts: LifecycleFacts): Lifecycle {
  const { decision, mended } = facts;
  if (decision?.kind === 'ignore') {
    return { state: 'ignored', since: decision.timestamp, why: `Ignored ${bySomebody(decision)}.` };
  }
  if (decision?.kind === 'resolve') {
    return resolvedOrRegressed(facts, { ...decision, words: bySomebody(decision) });
  }
  if (mended?.held) return resolvedOrRegressed(facts, byEffect(mended));
  return escalatingIn(facts) ?? (mended ? rarerSince(mended) : openedBy(facts));
}

/** Whether one of these kinds says what state a group is in. */
export const isDecision = ({ kind }: Pick<GroupEvent, 'kind'>): boolean =>
  kind === 'resolve' || kind === 'ignore' || kind === 'reopen';

/** The hour of an instant, as a number that grows by one each hour. */
export const hourOf = (instant: string | number): number =>
  Math.floor((typeof instant === 'number' ? instant : Date.parse(instant)) / HOUR_MS);

function openedBy({ decision, first_seen, last_seen, now }: LifecycleFacts): Lifecycle {
  const seen = `first seen ${toSecond(first_seen)}, last seen ${toSecond(last_seen)}`;
  if (decision) {
    return {
      state: 'ongoing',
      since: decision.timestamp,
      why: `Reopened ${bySomebody(decision)}; ${seen}.`,
    };
  }
  const known = Date.parse(first_seen) + NEW_DAYS * 24 * HOUR_MS;
  return known > now
    ? { state: 'new', since: first_seen, why: `Less than ${NEW_DAYS} days old: ${seen}.` }
    : {
        state: 'ongoing',
        since: new Date(known).toISOString(),
        why: `Known for more than ${NEW_DAYS} days: ${seen}.`,
      };
}

/** A fix works, and yet does not mend all. */
function rarerSince({ evolution, effect }: Mended): Lifecycle {
  return {
    state: 'ongoing',
    since: evolution.timestamp,
    why: `Rarer since evolution ${quoteId(evolution.evolution_id)}, not gone: ${beforeAndSince(effect)}.`,
  };
}

const byEffect = ({ evolution, effect }: Mended): Settlement => ({
  timestamp: evolution.timestamp,
  evolution_id: evolution.evolution_id,
  words:
    `by the effect of evolution ${quoteId(evolution.evolution_id)} of ${toSecond(evolution.timestamp)} ` +
    `(${beforeAndSince(effect)})`,
});

const beforeAndSince = ({ before, after }: Effect): string =>
  `failed in ${before.failed_runs} of ${before.runs} runs before it, in ` +
  `${after.failed_runs === 0 ? 'none' : after.failed_runs} of ${after.runs} since`;

function escalatingIn(
  facts: Omit<LifecycleFacts, 'versions' | 'timeline' | 'last_seen'>,
): Lifecycle | undefined {
  const first = firstHour(facts);
  const found = escalationOf(facts);
  if (!found) return undefined;
  const since = new Date((first + found.hour) * HOUR_MS).toISOString();
  const { failed, hours, expected, by_try, chance } = found;
  const window = new Date((hourOf(facts.now) - hours + 1) * HOUR_MS).toISOString();
  return {
    state: 'escalating',
    since,
    why:
      `${failed} failures in the ${hours === 1 ? 'hour' : `${hours} hours`} from ${toSecond(window)}, where the ` +
      `same hours of the week before let expect ${expected.toFixed(1)}${by_try ? ', also by try' : ''} ` +
      `(retries left out; by chance ${chance.toPrecision(1)}).`,
  };
}

/** Whether the last hours of a group went beyond what its history lets expect. */
export function escalationOf(
  facts: Pick<LifecycleFacts, 'first_seen' | 'hours' | 'firsts' | 'tried' | 'now'>,
): Escalation | undefined {
  const { hours, firsts, tried, now } = facts;
  const first = firstHour(facts);
  const length = hourOf(now) - first + 1;
  const counts = (of: ReadonlyMap<number, number>) =>
    Array.from({ length }, (_, index) => of.get(first + index) ?? 0);
  return escalationIn({
    failed: counts(firsts ?? hours),
    first,
    elapsed: (now % HOUR_MS) / HOUR_MS,
    tried: tried && counts(tried),
  });
}

function firstHour({ first_seen, now }: Pick<LifecycleFacts, 'first_seen' | 'now'>): number {
  return Math.max(hourOf(first_seen), hourOf(now) - TREND_HOURS + 1);
}

function resolvedOrRegressed(facts: LifecycleFacts, settled: Settlement): Lifecycle {
  const { timeline, versions, partial } = facts;
  const fix = fixOf(settled, timeline);
  const again = againAfter(fix, timeline, versions);
  const decided = `resolved ${settled.words}`;
  if (again) return { state: 'regressed', since: again.at, why: regressedWhy(again, decided, fix) };
  const older = versions.filter((version) => version.seen_after !== null);
  const elsewhere =
    older.length === 0
      ? 'not seen since'
      : `seen since only on ${older.length === 1 ? 'a version' : 'versions'} from before the fix ` +
        `(${older.slice(0, 3).map(versionName).join(', ')})`;
  return {
    state: 'resolved',
    since: settled.timestamp,
    why: `R${decided.slice(1)}; ${elsewhere}${partial ? `, but ${describePartial(partial)}` : ''}.${unknownFix(settled, fix)}`,
  };
}

/** The first failure where a fix, or without one nothing at all, says that there should be none. */
export function againAfter(
  fix: Evolution | undefined,
  timeline: readonly Evolution[],
  versions: readonly FailedVersion[],
): (FailedVersion & { at: string }) | undefined {
  const isNewer = fix && fix.status !== 'reverted' ? madeAfter(fix, timeline) : () => true;
  return versions
    .flatMap((version) =>
      version.seen_after !== null && isNewer(version)
        ? [{ ...version, at: version.seen_after }]
        : [],
    )
    .sort((one, other) => (one.at < other.at ? -1 : 1))[0];
}

const fixOf = (
  { evolution_id }: Pick<Settlement, 'evolution_id'>,
  timeline: readonly Evolution[],
) => timeline.find((one) => evolution_id !== '' && one.evolution_id === evolution_id);

/**
 * The instant after which failures can say that a resolved group came back: when it was resolved, or
 * when the fix was reverted, if that was later.
 */
export function settledAt(decision: GroupEvent, timeline: readonly Evolution[]): string {
  const fix = fixOf(decision, timeline);
  return fix?.status === 'reverted' && fix.timestamp > decision.timestamp
    ? fix.timestamp
    : decision.timestamp;
}

function regressedWhy(
  again: FailedVersion & { at: string },
  decided: string,
  fix: Evolution | undefined,
): string {
  const where = `on ${versionName(again)}`;
  if (fix?.status === 'reverted') {
    return `Was ${decided}, but that evolution was reverted ${toSecond(fix.timestamp)}; seen since ${where}.`;
  }
  const newer = fix ? `${where}, which came after the fix` : where;
  return `Seen again ${toSecond(again.at)} ${newer}; was ${decided}.`;
}

const unknownFix = (
  { evolution_id }: Pick<Settlement, 'evolution_id'>,
  fix: Evolution | undefined,
): string =>
  evolution_id !== '' && !fix ? ' That evolution is not on record, so the time counts.' : '';

/**
 * Whether a version was made after a fix: the version that the fix made, those that later evolutions
 * made, and versions of no evolution that were first seen after it. Where failures do not name their
 * version, the time counts.
 */
function madeAfter(fix: Evolution, timeline: readonly Evolution[]) {
  const place = timeline.indexOf(fix);
  const older = new Set(
    timeline.slice(0, place).flatMap((one) => [one.from_ref, one.graph_snapshot_ref]),
  );
  older.add(fix.from_ref);
  const made = timeline
    .slice(place + 1)
    .filter((one) => one.status !== 'proposed' && !older.has(one.graph_snapshot_ref))
    .map((one) => one.graph_snapshot_ref);
  const newer = new Set([fix.graph_snapshot_ref, ...made]);
  return ({ graph_snapshot_ref: ref, known_since }: FailedVersion): boolean =>
    ref === '' || newer.has(ref) || (!older.has(ref) && known_since > fix.timestamp);
}

function bySomebody({ author, timestamp, reason, evolution_id }: GroupEvent): string {
  const fix = evolution_id === '' ? '' : ` with evolution ${quoteId(evolution_id)}`;
  const why = reason === '' ? '' : ` (${quoteData(reason, 160)})`;
  return `${toSecond(timestamp)} by ${quoteData(author || 'unknown', 40)}${fix}${why}`;
}

const versionName = ({ graph_snapshot_ref }: FailedVersion): string =>
  graph_snapshot_ref === ''
    ? 'an unknown version'
    : quoteId(graph_snapshot_ref.slice(0, 'sha256:'.length + 12));

const toSecond = (instant: string): string => `${instant.slice(0, 19)}Z`;
