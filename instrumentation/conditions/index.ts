// Failures that throw nothing: conditions of one's own, those of the library, and where to attach them.
import './checks.ts';

export type { ConditionScope } from './attach.ts';
export { useFailureConditions } from './attach.ts';
export { all, any, not } from './compose.ts';
export { defineFailureCondition } from './define.ts';
export { costBudget, timeBudget, tokenBudget, toolCallBudget } from './library/budget.ts';
export type { Judgement } from './library/judge.ts';
export { constraintViolated, judgeRejected } from './library/judge.ts';
export type { StallOptions } from './library/loop.ts';
export { loopStalled } from './library/loop.ts';
export type { PlaceholderOptions } from './library/output.ts';
export { outputEmpty, outputMissing, outputPlaceholder } from './library/output.ts';
export type { LibraryOptions } from './library/part.ts';
export type { StandardSchema, ValidateFunction } from './library/schema.ts';
export { outputInvalid } from './library/schema.ts';
export type {
  Check,
  CheckContext,
  ConditionOptions,
  Conditions,
  EarlierOutput,
  Evidence,
  FailureCondition,
  NodeContext,
  RunContext,
  RunFacts,
  Usage,
  Verdict,
} from './types.ts';
export { recordUsage } from './usage.ts';
