// Hive's records as spans: `watchHive` follows a folder of them. Hive is a Python program, so nothing here
// runs inside it.
export { type WatchOptions, watchHive } from './watch.ts';
