// Work in steps, so that one request cannot keep the process from all others.
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Work that can be interrupted at each `yield`: a step takes a few milliseconds at most. */
export type Steps<Result> = Generator<undefined, Result>;

/** Milliseconds after which others have their turn. */
const TURN_MS = 5;

/** Does all steps, with turns of the event loop between them. */
export async function inTurns<Result>(steps: Steps<Result>): Promise<Result> {
  let begun = performance.now();
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
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

/** Does all steps without a pause. */
export function atOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
