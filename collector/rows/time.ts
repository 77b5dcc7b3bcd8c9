// Times as ClickHouse's JSONEachRow takes them.
import type { Span } from '../decode/span.ts';

/** What `ended_at` holds while a run has not ended. */
export const NOT_ENDED = '1970-01-01 00:00:00.000000000';

// Outside these a clock was wrong or the unit was; such rows would fall to retention at once.
const EARLIEST_NS = BigInt(Date.UTC(2000, 0, 1)) * 1_000_000n;
const LATEST_NS = BigInt(Date.UTC(2100, 0, 1)) * 1_000_000n;

/** The first of these Unix times in nanoseconds that can be true: between 2000 and 2100. */
export function firstCredible(...times: [...bigint[], bigint]): bigint {
  return times.find((time) => time >= EARLIEST_NS && time < LATEST_NS) ?? times.at(-1)!;
}

/** Whether a span has a time that can be true. */
export function isTimed(span: Span): boolean {
  return firstCredible(span.endNs, span.startNs, 0n) !== 0n;
}

/** A second, and the text before its fraction. */
interface Second {
  startNs: bigint;
  text: string;
}

const NS_PER_SECOND = 1_000_000_000;

// Rows of one request fall into few seconds, those of spans and that of their arrival in turns, and
// the calendar is what costs.
let second: Second = secondOf(0n);
let otherSecond = second;

function secondOf(ns: bigint): Second {
  const seconds = ns / BigInt(NS_PER_SECOND);
  const date = new Date(Number(seconds) * 1000).toISOString();
  return {
    startNs: seconds * BigInt(NS_PER_SECOND),
    text: `${date.slice(0, 10)} ${date.slice(11, 19)}.`,
  };
}

function isIn(ns: bigint, { startNs }: Second): boolean {
  const after = Number(ns - startNs);
  return after >= 0 && after < NS_PER_SECOND;
}

/** 'YYYY-MM-DD hh:mm:ss.nnnnnnnnn' in UTC; from 1970 on. */
export function formatTime(ns: bigint): string {
  if (!isIn(ns, second)) {
    [second, otherSecond] = [otherSecond, second];
    if (!isIn(ns, second)) second = secondOf(ns);
  }
  // The digit before the fraction keeps its zeros.
  return second.text + String(NS_PER_SECOND + Number(ns - second.startNs)).slice(1);
}

/** Nanoseconds between start and end as text; '0' when they are missing. */
export function durationNs(span: Span): string {
  return span.startNs > 0n && span.endNs > span.startNs ? String(span.endNs - span.startNs) : '0';
}
