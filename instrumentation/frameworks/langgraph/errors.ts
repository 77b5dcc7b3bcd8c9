// What LangGraph's errors mean, known by their public marks and not by their classes: an app may hold
// several copies of LangGraph.
import { readProperty } from '../../core/exception.ts';

/** A pause, a drain or a command for the parent graph: the way LangGraph leaves a node, no failure. */
export function isBubbleUp(error: unknown): boolean {
  return readProperty(error, 'is_bubble_up') === true;
}

/** Whether the error asks a human to go on. */
export function isInterrupt(error: unknown): boolean {
  const name = readProperty(error, 'name');
  return name === 'GraphInterrupt' || name === 'NodeInterrupt';
}

/** The graph took more steps than `recursionLimit`. */
export function isOutOfSteps(error: unknown): boolean {
  return readProperty(error, 'name') === 'GraphRecursionError';
}

/** What a node threw could not be marked with its task's id. */
export function isMarkRefused(error: unknown): boolean {
  return error instanceof TypeError && /\bpregelTaskId\b/.test(error.message);
}

/** A node returned what is no update of the state. */
export function isInvalidUpdate(error: unknown): boolean {
  return readProperty(error, 'name') === 'InvalidUpdateError';
}

/** A node took longer than its `timeout` allows. */
export function isNodeTimeout(error: unknown): boolean {
  return readProperty(error, 'name') === 'NodeTimeoutError';
}

/** Whether the condition of an edge threw, by the frames of LangGraph's branches on the stack. */
export function isRouting(error: unknown): boolean {
  const stack = readProperty(error, 'stack');
  return (
    typeof stack === 'string' && /\bat (?:async )?Branch\.(?:_route|_finish|run)\b/.test(stack)
  );
}
