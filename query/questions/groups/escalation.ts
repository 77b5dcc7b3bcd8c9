// Whether a group fails far more often in the last hours than its history lets expect. Pure. The reasons
// and figures: docs/decisions/0041-escalation.md.
import betaCdf from '@stdlib/stats-base-dists-beta-cdf';

/** Hours that the expectation is made from: one week. */
export const WEEK_HOURS = 168;
/** Hours before now that are no part of the expectation: the last day. */
export const DAY_HOURS = 24;
/** The last hours that are held against the expectation: so many, the current one included. */
const WINDOWS = [1, 2, 3];
/** The longest of them. */
export const RECENT_HOURS = 3;
/** Failures without retries within them without which nothing escalates. */
export const FEWEST = 5;
/** Chance of so many failed runs, if nothing changed, below which it is an escalation. */
const CHANCE = 0.03;
/** Growth below which it is none, however sure. */
const LEAST_GROWTH = 2;
/** Share of the tries from which on nearly all failed, or the good ones are not on record. */
const ALWAYS = 0.9;
/** Hours that are enough to compare with. */
const LEAST_COMPARABLE = 6;
/** Hours of history without which there is no expectation. */
const LEAST_HISTORY = 24;

/** What a group did by the hour, the oldest first, the current hour last. */
export interface Hourly {
  /** Failures in each hour, retries left out; at most eight days. */
  failed: readonly number[];
  /** Number of the first hour since 1970. */
  first: number;
  /** Share of the current hour that has passed. */
  elapsed: number;
  /** How often its nodes were tried in each hour, retries left out, where that is known. */
  tried?: readonly number[] | undefined;
}

/** Last hours that went beyond the expectation. */
export interface Escalation {
  /** Index of the first such hour. */
  hour: number;
  /** Length of the window that says so, in hours. */
  hours: number;
  /** Failures in it, retries left out. */
  failed: number;
  /** Those that history lets expect in it. */
  expected: number;
  /** Whether it holds by try as well. */
  by_try: boolean;
  /** Chance of so many if nothing changed. */
  chance: number;
}

/**
 * The window of the last hours that went furthest beyond the expectation, or undefined. It is held
 * against the same hours of the same kind of day (working day or weekend) in the week before the last
 * day, by the exact conditional test of two Poisson rates. Where it is known how often the group was
 * tried, its rate by try has to have grown as well. Counts that vary more than independent ones
 * (bursts) weigh less.
 */
export function escalationIn(hourly: Hourly): Escalation | undefined {
  const { failed } = hourly;
  const history = failed.slice(0, -DAY_HOURS).slice(-WEEK_HOURS);
  if (history.length < LEAST_HISTORY) return undefined;
  const start = Math.max(0, failed.length - DAY_HOURS - WEEK_HOURS);
  const spread = dispersion(history, hourly.first + start);
  const found = WINDOWS.flatMap((hours) => windowOf(hourly, { start, hours, spread }) ?? []);
  const worst = found.sort((one, other) => one.chance - other.chance)[0];
  return worst && { ...worst, hour: beginningOf(hourly, worst) };
}

interface Window {
  /** Index of the first hour of the history. */
  start: number;
  /** Length of the window. */
  hours: number;
  spread: number;
}

function windowOf(hourly: Hourly, { start, hours, spread }: Window): Escalation | undefined {
  const { failed, first, elapsed, tried } = hourly;
  const hour = failed.length - hours;
  const recent = sum(failed.slice(hour));
  if (recent < FEWEST) return undefined;
  const end = first + failed.length - DAY_HOURS;
  const compared = comparableHours(first + hour, hours, first + start, end).map(
    (one) => one - first,
  );
  const past = sum(compared.map((index) => failed[index]!));
  const exposures = [{ now: hours - 1 + elapsed, before: compared.length }];
  const attempts = tried && {
    now: sum(tried.slice(hour)),
    before: sum(compared.map((index) => tried[index]!)),
  };
  if (attempts && attempts.now >= recent && attempts.before * ALWAYS > past)
    exposures.push(attempts);
  let [chance, expected] = [0, 0];
  for (const { now, before } of exposures) {
    if (before === 0) continue;
    expected = Math.max(expected, (past * now) / before);
    chance = Math.max(chance, atLeast(recent / spread, past / spread, now / (now + before)));
  }
  const isFar = recent >= LEAST_GROWTH * expected && !hadAsMany(hourly, { start, hours, recent });
  return isFar && chance <= CHANCE / WINDOWS.length
    ? { hour, hours, failed: recent, expected, by_try: exposures.length > 1, chance }
    : undefined;
}

/** Whether so many failed before in more than one burst, which is in so many windows as it is long. */
function hadAsMany(
  { failed }: Hourly,
  { start, hours, recent }: { start: number; hours: number; recent: number },
): boolean {
  const length = failed.length - DAY_HOURS - hours - start + 1;
  const windows = Array.from({ length }, (_, at) => failed.slice(start + at, start + at + hours));
  return windows.filter((window) => sum(window) >= recent).length > hours;
}

/** P(at least `now` of `now` + `past` fall into a share of the exposure). */
const atLeast = (now: number, past: number, share: number): number => betaCdf(share, now, past + 1);

/**
 * Hours of the history that a window is compared with: those at the same time of the day, an hour more
 * on each side, on the same kind of day; of any kind, or at any time, where these are too few.
 */
function comparableHours(from: number, hours: number, start: number, end: number): number[] {
  const all = Array.from({ length: end - start }, (_, index) => start + index);
  const times = new Set(Array.from({ length: hours + 2 }, (_, at) => (from - 1 + at) % 24));
  const sameTime = all.filter((hour) => times.has(hour % 24));
  const sameKind = sameTime.filter((hour) => isWeekend(hour) === isWeekend(from));
  return [sameKind, sameTime].find((some) => some.length >= LEAST_COMPARABLE) ?? all;
}

/** 1970 began on a Thursday. */
const isWeekend = (hour: number): boolean => [0, 6].includes((Math.floor(hour / 24) + 4) % 7);

/** Hours that are added up to see how much counts vary. */
const BLOCK_HOURS = 2;

/** Variance of the counts of two hours by what the time of the day and the kind of day let expect, at least 1. */
function dispersion(history: readonly number[], first: number): number {
  const kinds = new Map<string, { sum: number; hours: number }>();
  const kindOf = (hour: number) => `${isWeekend(hour)} ${Math.floor((hour % 24) / 4)}`;
  history.forEach((count, index) => {
    const kind = kinds.get(kindOf(first + index)) ?? { sum: 0, hours: 0 };
    kinds.set(kindOf(first + index), { sum: kind.sum + count, hours: kind.hours + 1 });
  });
  const expectedAt = (index: number) => {
    const { sum: total, hours } = kinds.get(kindOf(first + index))!;
    return total / hours;
  };
  let [squares, expected] = [0, 0];
  for (let index = 0; index + BLOCK_HOURS <= history.length; index += BLOCK_HOURS) {
    const block = Array.from({ length: BLOCK_HOURS }, (_, at) => index + at);
    const mean = sum(block.map(expectedAt));
    squares += (sum(block.map((at) => history[at]!)) - mean) ** 2;
    expected += mean;
  }
  const blocks = Math.floor(history.length / BLOCK_HOURS);
  const free = Math.max(0.5, 1 - kinds.size / blocks);
  return expected === 0 ? 1 : Math.max(1, squares / expected / free);
}

/** The first hour of the last day from which on each had more than twice as many as expected. */
function beginningOf({ failed }: Hourly, { hour, hours, expected }: Escalation): number {
  const earliest = failed.length - DAY_HOURS;
  const most = Math.max(1, (LEAST_GROWTH * expected) / hours);
  let beginning = hour;
  while (beginning > earliest && failed[beginning - 1]! > most) beginning -= 1;
  while (beginning < failed.length - 1 && failed[beginning]! === 0) beginning += 1;
  return beginning;
}

const sum = (counts: readonly number[]): number => counts.reduce((total, one) => total + one, 0);
