// Hive's records as spans: `watchHive` follows a folder of them. Hive is a Python program, so nothing here
// runs inside it.

export type { RunOfHive } from './facts.ts';
export { QueenBriefs } from './queen-briefs.ts';
export { type WatchOptions, watchHive } from './watch.ts';
