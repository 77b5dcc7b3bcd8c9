// What a node's history says before it is tried again.
export type {
  FailureState,
  RetryDecision,
  RetryQuestion,
  SelfCheck,
  SelfCheckOptions,
} from './self-check.ts';
export { createSelfCheck, failureState, shouldRetry } from './self-check.ts';
