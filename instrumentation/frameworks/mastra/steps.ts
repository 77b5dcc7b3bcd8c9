// Records the attempts of a workflow's steps.
//
// A step is visited, and tried as often as its `retries` allow. A failed try is `retried` or the last one;
// that is `terminal`, or inside a nested workflow what the step around it makes of it.

import { withActiveSpan } from '../../core/app-sdk.ts';
import type { FailureDetails, NodeAttempt } from '../../core/attempt.ts';
import { readProperty } from '../../core/exception.ts';
import { guarded } from '../../core/guard.ts';
import { describeModelError } from '../ai-sdk/errors.ts';
import { isAbortLike } from '../shared/abort.ts';
import { reportOperation } from '../shared/operation.ts';
import { leaveUndecided, settle } from '../shared/undecided.ts';
import type { StepParams, StepReturn } from './internal-types.ts';
import { type Place, places, type StepState } from './place.ts';

/** Runs `work`, the engine's `executeStep`, as a visit of the step. */
export function visitStep<T>(params: StepParams, work: () => T): T {
  const place = places.getStore();
  if (!place) return work();
  return places.run({ ...place, step: { params, attempts: 0 } }, work);
}

/** The function of a step's try, recorded: each call of it is one attempt. */
export function recordedTry(
  runStep: () => Promise<StepReturn>,
  retries: number,
): () => Promise<StepReturn> {
  const place = places.getStore();
  const step = place?.step;
  if (!place || !step) return runStep;
  return async () => {
    const attempt = guarded(() => begin(place, step, retries), undefined);
    if (!attempt) return await runStep();
    const inside: Place = { ...place, step: undefined, attempt, seen: {} };
    try {
      const result = await places.run(inside, () => withActiveSpan(attempt.span, runStep));
      guarded(() => returned(place, step, attempt, result), undefined);
      return result;
    } catch (error) {
      guarded(() => failed(place, step, attempt, inside.seen.error ?? error, retries), undefined);
      throw error;
    }
  };
}

/** What a branch's condition threw: the engine takes it for a no. */
export function conditionFailed(index: number, input: unknown, error: unknown): void {
  const place = places.getStore();
  if (!place) return;
  reportOperation(place, {
    kind: 'evaluate_condition',
    target: `condition ${index}`,
    error,
    details: { site: 'graph.route', class: 'graph.condition_error', input },
    disposition: 'degraded',
  });
}

function begin(place: Place, step: StepState, retries: number): NodeAttempt {
  const { id, component } = step.params.step;
  const { around, run } = place;
  if (step.last) {
    settle(step.last, 'retried');
    place.unsettled.settle(step.last, 'retried');
  }
  step.attempts += 1;
  const attempt = run.attempt({
    nodeId: around ? `${around.nodeId}:${id}` : id,
    type: component?.toLowerCase() ?? 'step',
    attempt: step.attempts,
    maxAttempts: retries + 1,
    visit: step.visit,
    previous: step.last,
    inside: around,
  });
  step.visit = attempt.visit;
  step.last = attempt;
  return attempt;
}

function returned(
  place: Place,
  { params }: StepState,
  attempt: NodeAttempt,
  result: StepReturn,
): void {
  if (result.suspended !== undefined || result.nestedWflowStepPaused) {
    attempt.stop();
    return;
  }
  const output = result.bailed ? result.bailed.payload : result.output;
  place.run.returned(attempt, { input: params.prevOutput, output });
  place.unsettled.settle(attempt, 'recovered');
}

function failed(
  place: Place,
  step: StepState,
  attempt: NodeAttempt,
  error: unknown,
  retries: number,
): void {
  const { prevOutput, executionContext, abortController } = step.params;
  const signal = abortController?.signal;
  if (signal?.aborted && isAbortLike(error, signal)) {
    attempt.stop();
    return;
  }
  const index = executionContext?.foreachIndex;
  const details = detailsOf(error);
  const evidence = { ...details.evidence, ...(index !== undefined && { foreach_index: index }) };
  attempt.report(error, {
    ...details,
    input: prevOutput,
    ...(Object.keys(evidence).length > 0 && { evidence }),
  });
  const last = step.attempts > retries || isNonRetryable(error);
  if (!last) {
    // A wait may follow; nothing else can come than another try.
    settle(attempt, 'retried');
    place.unsettled.settle(attempt, 'retried');
    return;
  }
  place.seen.error = error;
  if (place.around) {
    leaveUndecided(attempt, 'terminal');
    place.unsettled.add(place.around, attempt);
  } else {
    settle(attempt, 'terminal');
    place.unsettled.settle(attempt, 'terminal');
  }
}

function isNonRetryable(error: unknown): boolean {
  return readProperty(error, 'name') === 'MastraNonRetryableError';
}

const INPUT_INVALID = new Set([
  'WORKFLOW_STEP_INPUT_VALIDATION_FAILED',
  'WORKFLOW_STEP_REQUEST_CONTEXT_VALIDATION_FAILED',
]);

function detailsOf(error: unknown): FailureDetails {
  const id = readProperty(error, 'id');
  if (typeof id === 'string' && INPUT_INVALID.has(id)) {
    return { site: 'node.start', class: 'input.invalid' };
  }
  // Mastra's client of models throws the AI SDK's errors.
  if (String(readProperty(error, 'name')).startsWith('AI_')) {
    return { site: 'llm.call', ...describeModelError(error) };
  }
  // Thrown by a guardrail (a processor of an agent).
  const processor = readProperty(error, 'processorId');
  if (readProperty(readProperty(error, 'constructor'), 'name') === 'TripWire') {
    return { class: 'constraint.hard', evidence: { guardrail: { name: processor } } };
  }
  return {};
}
