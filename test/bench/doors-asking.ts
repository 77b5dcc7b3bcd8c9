// Asks a query service a mix of questions at a fixed rate, whether it keeps up or not.
import { setTimeout as wait } from 'node:timers/promises';

export type Questions = Readonly<Record<string, () => Promise<unknown>>>;

export interface Asked {
  /** Questions that were due. */
  asked: number;
  /** Questions that were not sent, because too many had no answer yet. */
  given_up: number;
  /** Questions without a good answer, by the name of the error. */
  errors: Record<string, number>;
  /** Milliseconds from when a question was due until its answer, sorted. */
  times: number[];
}

/** More questions without an answer than this are not waited for. */
const MOST_OPEN = 1000;

/** Asks one question after another, each when it is due. */
export async function askAtRate(
  questions: Questions,
  rate: number,
  seconds: number,
): Promise<Asked> {
  const all = Object.values(questions);
  const told: Asked = { asked: 0, given_up: 0, errors: {}, times: [] };
  const open = new Set<Promise<void>>();
  const start = performance.now();
  for (; told.asked < rate * seconds; told.asked++) {
    const due = start + (told.asked * 1000) / rate;
    const early = due - performance.now();
    if (early > 0) await wait(early);
    if (open.size >= MOST_OPEN) {
      told.given_up++;
      continue;
    }
    const one: Promise<void> = all[told.asked % all.length]!().then(
      () => {
        told.times.push(performance.now() - due);
      },
      (error: Error) => {
        told.errors[error.name] = (told.errors[error.name] ?? 0) + 1;
      },
    );
    open.add(one);
    one.finally(() => open.delete(one));
  }
  await Promise.all(open);
  told.times.sort((a, b) => a - b);
  return told;
}

/** The value that this share of sorted values is at most. */
export const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
