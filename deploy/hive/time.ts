// Hive's times: ISO 8601 with microseconds, in events without a zone.

const ISO = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?$/;
const NAMED = /(\d{4})(\d\d)(\d\d)[T_](\d\d)(\d\d)(\d\d)/;

/**
 * Unix time in nanoseconds. A time without a zone is the local time of this process, which must run in
 * Hive's zone (`TZ`).
 */
export function timeOf(text: string): bigint | undefined {
  const match = ISO.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', zone] = match;
  const ms = zone
    ? Date.parse(`${text.slice(0, 19)}${zone}`)
    : new Date(+year!, +month! - 1, +day!, +hour!, +minute!, +second!).getTime();
  if (!Number.isFinite(ms)) return undefined;
  return BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/** The start that a session's id names: local time in `session_…`, UTC in the older `20260306T…`. */
export function timeInId(id: string): bigint | undefined {
  const match = NAMED.exec(id);
  if (!match) return undefined;
  const [all, year, month, day, hour, minute, second] = match;
  const zone = all.includes('T') ? 'Z' : '';
  return timeOf(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`);
}

/** Milliseconds as nanoseconds. */
export function msToNs(ms: number): bigint {
  return BigInt(Math.round(ms)) * 1_000_000n;
}

/** The later of two times. */
export function laterOf(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}
