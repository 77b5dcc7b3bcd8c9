// What ends a span with an error and is none: pauses, steering and cancels, by the type of the exception.
import type { Exception } from '../dialects/dialect.ts';
import { simpleName } from './error-type.ts';

/** `steered`: the graph goes on elsewhere, and the span did its work. */
export type Ending = 'paused' | 'cancelled' | 'steered';

/** The graph waits: for a person, an event, an approval. */
const PAUSES = [
  'GraphInterrupt',
  'NodeInterrupt',
  'GraphDrained',
  'InterruptException',
  'WaitingForEvent',
  'BreakpointException',
  'HumanFeedbackPending',
  'ApprovalRequired',
  'CallDeferred',
  'WorkflowSuspended',
];
/** Its caller wants no answer any more. */
const CANCELS = [
  'CancelledError',
  'CanceledError',
  'AbortError',
  'GeneratorExit',
  'KeyboardInterrupt',
  'SystemExit',
  'RunCancelledException',
  'WorkflowCancelledByUser',
  'TaskCanceledException',
  'TaskCancelledException',
  'OperationCanceledException',
  'CancellationException',
];
const STEERING = ['ParentCommand', 'GraphBubbleUp'];

const ENDINGS = new Map<string, Ending>([
  ...PAUSES.map((type): [string, Ending] => [type, 'paused']),
  ...CANCELS.map((type): [string, Ending] => [type, 'cancelled']),
  ...STEERING.map((type): [string, Ending] => [type, 'steered']),
]);

/** How an exception of this type ends a span without being a failure; undefined for a failure. */
export function endingOf(type: string): Ending | undefined {
  return ENDINGS.get(simpleName(type));
}

/** Type of an exception that is written as Python's `repr` does: `GraphInterrupt((Interrupt(…`. */
const REPR = /^([A-Za-z_][\w.]*)\(/;

/** The same for all that a span says of its exception; the message counts only without a type. */
export function endingOfException(
  { type, message }: Exception,
  ...others: string[]
): Ending | undefined {
  const known = [type, ...others].filter((text) => text !== '' && text !== 'Exception');
  if (known.length === 0) return endingOf(REPR.exec(message)?.[1] ?? message.trim());
  for (const text of known) {
    const ending = endingOf(text);
    if (ending !== undefined) return ending;
  }
  return undefined;
}
