// Loaded into a process before all else: when it gets SIGUSR2 it writes the longest time for which its event loop
// was held since the last signal, in milliseconds, to FAULTLINE_HELD_FILE. What the thread waited for a core meanwhile
// does not count: other processes take that.
import { openSync, readSync, renameSync, writeFileSync } from 'node:fs';

const file = process.env.FAULTLINE_HELD_FILE;
const EVERY_MS = 2;

if (file !== undefined) {
  const statistics = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
  const buffer = Buffer.alloc(128);
  /** Nanoseconds that the thread has waited for a core. */
  const waited = () => {
    const length = readSync(statistics, buffer, 0, buffer.length, 0);
    return Number(buffer.toString('latin1', 0, length).split(' ')[1]);
  };
  let longest = 0;
  let last = { at: performance.now(), waited: waited() };
  setInterval(() => {
    const now = { at: performance.now(), waited: waited() };
    longest = Math.max(longest, now.at - last.at - (now.waited - last.waited) / 1e6 - EVERY_MS);
    last = now;
  }, EVERY_MS).unref();
  process.on('SIGUSR2', () => {
    writeFileSync(`${file}.new`, String(longest));
    renameSync(`${file}.new`, file);
    longest = 0;
  });
}
