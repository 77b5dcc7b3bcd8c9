// Work in steps, so that one request cannot keep the process from all others.
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Work that can be interrupted at each `yield`: a step takes a few milliseconds at most. */
export type Steps<Result> = Generator<undefined, Result>;

/** Milliseconds after which others have their turn. */
const TURN_MS = 5;

/**
 * Does all steps, with turns of the event loop between them.
 * @param between says after a step what has to be waited for before the next
 */
export async function inTurns<Result>(
  steps: Steps<Result>,
  between: () => Promise<void> | undefined = () => undefined,
): Promise<Result> {
  let begun = performance.now();
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    const waited = between();
    if (waited) await waited;
    if (performance.now() - begun < TURN_MS) continue;
    await nextTurn();
    begun = performance.now();
  }
}

/** The steps, and after each of them those of what it has left to do. */
export function* withRest<Result>(
  steps: Steps<Result>,
  rest: () => Steps<void> | undefined,
): Steps<Result> {
  for (;;) {
    const step = steps.next();
    const more = rest();
    if (more) yield* more;
    if (step.done) return step.value;
    yield;
  }
}

/** The steps, and then what is done with their result. */
export function* after<Result>(steps: Steps<Result>, act: (result: Result) => void): Steps<void> {
  act(yield* steps);
}

/** Items of which each is quickly done: together they are a step. */
const ITEMS_AT_ONCE = 16;

/** Acts on each item, some of them in one step. */
export function* eachInSteps<Item>(items: Iterable<Item>, act: (item: Item) => void): Steps<void> {
  let done = 0;
  for (const item of items) {
    act(item);
    if (++done % ITEMS_AT_ONCE === 0) yield;
  }
}

/** What is made of each item, some of them in one step. */
export function* mapInSteps<Item, Made>(
  items: Iterable<Item>,
  make: (item: Item) => Made,
): Steps<Made[]> {
  const made: Made[] = [];
  yield* eachInSteps(items, (item) => made.push(make(item)));
  return made;
}

/** Does all steps without a pause. */
export function atOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
