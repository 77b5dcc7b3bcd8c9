// When a span ran, by its row.

/** Unix times in nanoseconds. */
export interface Interval {
  start: bigint;
  end: bigint;
}

export function intervalOf(row: { timestamp: string; duration_ns: string }): Interval {
  const seconds = Date.parse(`${row.timestamp.slice(0, 10)}T${row.timestamp.slice(11, 19)}Z`);
  const end = BigInt(seconds) * 1_000_000n + BigInt(row.timestamp.slice(20));
  return { start: end - BigInt(row.duration_ns), end };
}

export function lengthOf({ start, end }: Interval): bigint {
  return end - start;
}

export function contains(outer: Interval, inner: Interval): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}

/** Whether they share more than an instant; a point is shared when it lies within. */
export function overlaps(a: Interval, b: Interval): boolean {
  if (lengthOf(a) === 0n || lengthOf(b) === 0n) return a.start <= b.end && b.start <= a.end;
  return a.start < b.end && b.start < a.end;
}
