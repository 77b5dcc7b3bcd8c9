// Where code of the app runs inside a call: in a tool, or in nothing but the call.
import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, context, type Span, trace } from '@opentelemetry/api';
import type { NodeAttempt } from '../../core/attempt.ts';
import type { GraphRun } from '../../core/run.ts';
import { findRunningWith, running } from '../../delivery/crash/running.ts';

/** The run is known from the first call of the model on. */
export interface Place {
  run?: GraphRun | undefined;
  readonly attempt?: NodeAttempt | undefined;
}

const places = new AsyncLocalStorage<Place>();
findRunningWith(() => {
  const { run, attempt } = places.getStore() ?? {};
  return run && { run, attempt };
});

/** Runs `work` in that place. */
export function within<T>(place: Place, work: () => T): T {
  return places.run(place, work);
}

/** The context of a call that starts here: below the node or the call around it, if there is one. */
export function contextHere(): Context {
  const around = running()?.attempt?.span ?? places.getStore()?.run?.span;
  return around ? trace.setSpan(context.active(), around as Span) : context.active();
}
