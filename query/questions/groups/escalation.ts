// Whether a group fails far more often than a week of its own history lets expect. Pure.

/** Hours that the forecast is made from: one week. */
export const WEEK_HOURS = 168;
/** Hours that are held against the forecast: the last day. */
export const DAY_HOURS = 24;
/** Failures in an hour that are never called an escalation: one run with retries makes several. */
export const QUIET = 10;

/** An hour that went over the forecast. */
export interface Escalation {
  /** Index of the first such hour in what was given. */
  hour: number;
  /** Its failures. */
  failures: number;
  /** The most failures in an hour that the week before lets expect. */
  expected: number;
}

/**
 * The first of the last 24 hours that went over the forecast, or undefined.
 *
 * @param hourly failures by the hour, the oldest first, the current hour last: those of the forecast
 *   and then 24 more. Fewer say that the group is younger; with 24 or less there is no forecast.
 */
export function escalationIn(hourly: readonly number[]): Escalation | undefined {
  const week = hourly.slice(0, -DAY_HOURS).slice(-WEEK_HOURS);
  if (week.length === 0) return undefined;
  const expected = forecast(week);
  // No hour of the week itself is above what is made of its worst hour.
  const hour = hourly.findIndex((failures) => failures > expected);
  return hour < 0 ? undefined : { hour, failures: hourly[hour]!, expected };
}

/**
 * The most failures in an hour that past hours let expect. A group that was steady may fail five
 * times as often as at its worst before it counts, one that always came in bursts twice as often; and
 * a group that fails all the time must also leave its mean far behind. Less than a week of history
 * knows no rhythm yet: ten times the worst hour.
 *
 * The idea of two bounds that depend on the variation is that of Sentry's escalating issues.
 */
export function forecast(hours: readonly number[]): number {
  const worst = Math.max(...hours);
  if (hours.length < WEEK_HOURS) return Math.max(QUIET, 10 * worst);
  const mean = hours.reduce((sum, failures) => sum + failures, 0) / hours.length;
  if (mean === 0) return QUIET;
  const spread = Math.sqrt(
    hours.reduce((sum, failures) => sum + (failures - mean) ** 2, 0) / hours.length,
  );
  const variation = spread / mean;
  const aboveWorst = worst * within(2, 5 * Math.exp(-0.65 * variation), 5);
  const aboveMean = mean * (1 + within(5, 1 + 5 * variation, 8));
  return Math.round(Math.max(QUIET, aboveWorst, aboveMean));
}

const within = (low: number, value: number, high: number): number =>
  Math.min(Math.max(value, low), high);
