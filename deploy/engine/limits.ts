/** Every size and bound of the embedded engine in one place, chosen for 2 cores and 2 GB. */

const MiB = 1024 * 1024;

/** The engine's whole process, in bytes; a query over it fails with code 241. */
export const SERVER_MEMORY_BYTES = 1536 * MiB;

/** Limits of one statement of `reader`: the most, and in the profile the default. */
export const READER_LIMITS = {
  max_execution_time: 30,
  max_memory_usage: 700 * MiB,
  max_threads: 2,
  max_result_rows: 1_000_000,
  max_concurrent_queries_for_user: 4,
} as const;

/**
 * Seconds that a request of `reader` may ask for. Clients send the time that they will wait as a limit, and are
 * refused above this: Grafana's data source sends 65.
 */
export const READER_LONGEST_S = 300;

/** Of `query`, whose statements are the query service's own. */
export const QUERY_LIMITS = {
  max_execution_time: 30,
  max_memory_usage: 700 * MiB,
  max_threads: 2,
  max_concurrent_queries_for_user: 32,
} as const;

/** Of `faultline`, as defaults that a request may change. */
export const WRITER_DEFAULTS = {
  max_execution_time: 600,
  max_memory_usage: 1024 * MiB,
  max_threads: 2,
} as const;

/** How long the parent waits for the child to end before SIGKILL, in milliseconds. */
export const STOP_MS = 15_000;

/** How long the child may take to be ready, in milliseconds (a large data folder takes a while). */
export const START_MS = 120_000;

/** Pauses before an engine that ended by itself is started again, in milliseconds. */
export const FIRST_RESTART_MS = 200;
export const LAST_RESTART_MS = 10_000;

/** How often it is looked for what a statement of `reader` may have left: written files, and itself; in milliseconds. */
export const LOOK_MS = 60_000;
