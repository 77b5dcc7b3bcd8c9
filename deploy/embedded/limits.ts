/** Every size and bound of the embedded engine in one place, chosen for 2 cores and 2 GB. */

const MiB = 1024 * 1024;

/** Statements that run at the same time, by lane. Each one holds a thread of Node's pool. */
export const LANE_SLOTS = { read: 4, write: 3, insert: 3 } as const;
export type Lane = keyof typeof LANE_SLOTS;

/** Node's thread pool in the child: one a slot, and some for files, compression and control. */
export const THREAD_POOL_SIZE = 16;

/** Statements that may wait for a slot, per lane, before the next one gets code 202. */
export const QUEUE_LENGTH = 64;

/** Idle connections that a thread keeps open for reuse. */
export const IDLE_CONNECTIONS = 16;

/** Statements that are not parsed again, and how long one may be. */
export const REMEMBERED_STATEMENTS = 256;
export const REMEMBERED_CHARS = 16 * 1024;

/** Largest request body, in bytes as sent and again as decompressed. */
export const MAX_BODY_BYTES = 256 * MiB;

/** Largest statement text (without inserted data) in bytes. */
export const MAX_STATEMENT_BYTES = 1 * MiB;

/** Address and headers of a request in bytes: the client sends parameters in the address, as long as ClickHouse takes it. */
export const MAX_HEADER_BYTES = 1 * MiB;

/** A request's headers must be here after this many milliseconds, the whole body after the next. */
export const HEADERS_TIMEOUT_MS = 10_000;
export const REQUEST_TIMEOUT_MS = 300_000;

/** Ceilings of one statement of the reader; a request may ask for less, never for more. */
export const READER_CEILING = {
  max_execution_time: 30,
  max_memory_usage: 700 * MiB,
  max_threads: 2,
} as const;

/** Of the writer, as defaults that a request may change. */
export const WRITER_DEFAULTS = {
  /** A query stuck in a scalar subquery cannot be killed; this ends it. */
  max_execution_time: 600,
  max_memory_usage: 1024 * MiB,
  max_threads: 2,
} as const;

/** The engine's whole process, in bytes; a query over it fails with code 241. */
export const SERVER_MEMORY_BYTES = 1536 * MiB;

/** How long statements may go on after a stop was asked for, in milliseconds. */
export const DRAIN_MS = 5_000;

/** How long the parent waits for the child to end before SIGKILL, in milliseconds. */
export const STOP_MS = 15_000;

/** How long the child may take to be ready, in milliseconds (a large data folder takes a while). */
export const START_MS = 120_000;
