// What the scan of a span or log record finds, as bits, and which of them keep it.

/**
 * `agents`: executor spans, parts of agents in any dialect, and failed spans with an executor, agent or
 * gen_ai marker. `all-errors`: every failed span besides.
 */
export type KeepPolicy = 'agents' | 'all-errors';

/** The span has status ERROR. */
export const FAILED = 1;
/** An attribute key comes from an executor, an agent framework or a gen_ai instrumentation. */
export const MARKED = 2;
/** The span may stand for a part of an agent, a start signal, an evolution, a group's event or a verification, good or bad. */
export const EXECUTOR = 4;
/** An attribute reports an exception. */
export const EXCEPTION = 8;
/** The span may have failed whatever its status: what counts is whether it holds an `exception` event. */
export const SILENT = 16;
/** The value of the attribute says whether the span stands for a part of an agent or for a call. */
export const VALUED = 32;
/** The span is a call of a model. */
export const MODEL = 64;
/** An attribute holds one of the words with which a model's answer ends too early, or a zero. */
export const SUSPECT = 128;

/** A call of a model that may have failed without saying so. */
const SUSPECT_MODEL = MODEL | SUSPECT;

/**
 * Says whether a span with these flags is decoded at all.
 * @param also flags of good spans that are wanted besides
 */
export function isKept(flags: number, policy: KeepPolicy, also = 0): boolean {
  if ((flags & (EXECUTOR | also)) !== 0) return true;
  if ((flags & SUSPECT_MODEL) === SUSPECT_MODEL) return true;
  if ((flags & FAILED) === 0) return false;
  return policy === 'all-errors' || (flags & MARKED) !== 0;
}
