// Answers from what is left of a cluster while a shard is away: which rows are missing, for everything that is answered
// from the others (docs/decisions/0072-partial-answers.md).
import { AsyncLocalStorage } from 'node:async_hooks';

/** The shards whose rows are not in an answer. */
export interface PartialAnswer {
  /** Numbers of the shards that did not answer, as in `system.clusters`. */
  missing_shards: number[];
  /** How many shards the cluster has. */
  shards: number;
}

/** What every answer may have beside its own fields. */
export interface MaybePartial {
  /** Present when shards did not answer: their rows are missing, and counts are too low. */
  partial?: PartialAnswer | undefined;
}

/** What was noted while a question is answered. */
interface Noted {
  partial: PartialAnswer | undefined;
  lookAgain?: () => Promise<PartialAnswer | undefined>;
}

const current = new AsyncLocalStorage<Noted>();

/** Runs `ask`, and returns its result with the shards that were missing in anything that it read. */
export async function notingPartial<T>(
  ask: () => Promise<T>,
): Promise<{ result: PromiseSettledResult<T>; partial: PartialAnswer | undefined }> {
  const noted: Noted = { partial: undefined };
  const [result] = await current.run(noted, () => Promise.allSettled([ask()]));
  // Another one may have gone while the first was known to be away.
  if (noted.lookAgain) noted.partial = joined(noted.partial, await noted.lookAgain());
  return { result, partial: noted.partial };
}

/** @param lookAgain which shards are missing, as of its call */
export function notePartial(partial: PartialAnswer, lookAgain?: Noted['lookAgain']): void {
  const noted = current.getStore();
  if (!noted) return;
  noted.partial = joined(noted.partial, partial);
  if (lookAgain) noted.lookAgain = lookAgain;
}

/** The shards that are missing in what was read so far for the question that is being answered. */
export const partialSoFar = (): PartialAnswer | undefined => current.getStore()?.partial;

/** The header of an answer over HTTP, as in `Faultline-Partial: missing-shards="2"; shards=3`. */
export const PARTIAL_HEADER = 'faultline-partial';
export const partialHeader = ({ missing_shards, shards }: PartialAnswer): string =>
  `missing-shards="${missing_shards.join(',')}"; shards=${shards}`;

/** As in "shard 2 of 3 does not answer". */
export function describePartial({ missing_shards, shards }: PartialAnswer): string {
  const [first] = missing_shards;
  return missing_shards.length === 1
    ? `shard ${first} of ${shards} does not answer`
    : `shards ${missing_shards.join(', ')} of ${shards} do not answer`;
}

function joined(one: PartialAnswer | undefined, other: PartialAnswer | undefined) {
  if (!one || !other) return one ?? other;
  const missing = new Set([...one.missing_shards, ...other.missing_shards]);
  return {
    missing_shards: [...missing].sort((a, b) => a - b),
    shards: Math.max(one.shards, other.shards),
  };
}
