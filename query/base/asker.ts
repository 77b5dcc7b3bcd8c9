// Whether the one who asked is still there: statements whose asker has left are given up, in ClickHouse too.
import { AsyncLocalStorage } from 'node:async_hooks';

const current = new AsyncLocalStorage<AbortSignal | undefined>();

/** Runs `work`; statements in it end when the signal says that nobody waits for them. */
export const askedBy = <T>(gone: AbortSignal, work: () => T): T => current.run(gone, work);

/** Runs `work` whose result others get too, so that it does not end with the one who asked first. */
export const forOthersToo = <T>(work: () => T): T => current.run(undefined, work);

/** Says that the asker has left; undefined where nobody can leave. */
export const goneSignal = (): AbortSignal | undefined => current.getStore();
