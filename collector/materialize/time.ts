// Times as ClickHouse's JSONEachRow takes them.
import type { Span } from '../otlp/span.ts';

/** What `ended_at` holds while a run has not ended. */
export const NOT_ENDED = '1970-01-01 00:00:00.000000000';

// Outside these a clock was wrong or the unit was; such rows would fall to retention at once.
const EARLIEST_NS = BigInt(Date.UTC(2000, 0, 1)) * 1_000_000n;
const LATEST_NS = BigInt(Date.UTC(2100, 0, 1)) * 1_000_000n;

/** The first of these Unix times in nanoseconds that can be true: between 2000 and 2100. */
export function firstCredible(...times: [...bigint[], bigint]): bigint {
  return times.find((time) => time >= EARLIEST_NS && time < LATEST_NS) ?? times.at(-1)!;
}

/** Whether a span tells a time that can be true. */
export function isTimed(span: Span): boolean {
  return firstCredible(span.endNs, span.startNs, 0n) !== 0n;
}

// Rows of one request fall into few seconds, and the calendar is what costs.
let lastSecond = -1n;
let lastText = '';

/** 'YYYY-MM-DD hh:mm:ss.nnnnnnnnn' in UTC. */
export function formatTime(ns: bigint): string {
  const second = ns / 1_000_000_000n;
  if (second !== lastSecond) {
    const date = new Date(Number(second) * 1000).toISOString();
    lastText = `${date.slice(0, 10)} ${date.slice(11, 19)}`;
    lastSecond = second;
  }
  return `${lastText}.${String(ns % 1_000_000_000n).padStart(9, '0')}`;
}

/** Nanoseconds between start and end as text; '0' when they do not tell. */
export function durationNs(span: Span): string {
  return span.startNs > 0n && span.endNs > span.startNs ? String(span.endNs - span.startNs) : '0';
}
