/** Loads chDB: an optional package with a native library, so only when an engine is really opened. */
import type { Session } from 'chdb';

export interface Chdb {
  Session: typeof Session;
  drainPending(): Promise<void>;
}

/** @throws if the package is not installed or has no build for this platform. */
export async function loadChdb(): Promise<Chdb> {
  const { default: chdb } = (await import('chdb')) as unknown as { default: Chdb };
  return chdb;
}
