// Where in a workflow's run the calling code is.
import type { NodeAttempt } from '../../core/attempt.ts';
import { placeStore } from '../../delivery/crash/running.ts';
import type { OperationPlace } from '../shared/operation.ts';
import type { UnsettledFailures } from '../shared/unsettled.ts';
import type { StepParams } from './internal-types.ts';

/** A workflow that is executed, or a step of it. */
export interface Place extends OperationPlace {
  readonly unsettled: UnsettledFailures;
  /** The step that is executed and how far it is. */
  readonly step?: StepState | undefined;
  /** What made the workflow fail, shared by its steps. */
  readonly seen: { error?: unknown };
  /** The attempt of the step that this workflow, a nested one, is. */
  readonly around?: NodeAttempt | undefined;
}

/** One visit of a step. */
export interface StepState {
  readonly params: StepParams;
  visit?: number;
  attempts: number;
  last?: NodeAttempt;
}

export const places = placeStore<Place>(({ run, attempt }) => ({ run, attempt }));
