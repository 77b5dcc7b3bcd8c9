// Times of rows with nanoseconds added.
import { formatTime } from '../rows/time.ts';
import { intervalOf } from './interval.ts';

/** @param timestamp as rows have it */
export function addTime(timestamp: string, ns: bigint): string {
  const time = intervalOf({ timestamp, duration_ns: '0' }).end + ns;
  return formatTime(time < 0n ? 0n : time);
}
