// Where code of the app runs inside a call: in a tool, or in nothing but the call.
import { type Context, context, type Span, trace } from '@opentelemetry/api';
import type { NodeAttempt } from '../../core/attempt.ts';
import type { GraphRun } from '../../core/run.ts';
import { placeStore, running } from '../../delivery/crash/running.ts';

/** The run is known from the first call of the model on. */
export interface Place {
  run?: GraphRun | undefined;
  readonly attempt?: NodeAttempt | undefined;
}

export const places = placeStore<Place>(({ run, attempt }) => run && { run, attempt });

/** The context of a call that starts here: below the node or the call around it, if there is one. */
export function contextHere(): Context {
  const around = running()?.attempt?.span ?? places.getStore()?.run?.span;
  return around ? trace.setSpan(context.active(), around as Span) : context.active();
}
