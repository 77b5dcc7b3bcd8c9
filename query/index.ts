// faultline/query: the history of what failed, what was tried and whether it worked.

export {
  AccessDeniedError,
  InvalidInputError,
  NotFoundError,
  TooManyRequestsError,
  UnavailableError,
} from './base/errors.ts';
export type { Page } from './base/fields.ts';
export type { AlertStatus, GroupState } from './base/states.ts';
export type { ClickHouseOptions, SqlResult } from './base/store.ts';
export { type ConnectOptions, connect } from './connect.ts';
export type { AnswerOf, History, OptionsOf } from './history.ts';
export { type ClientOptions, createClient } from './http/client.ts';
export type { RetryAdvice } from './questions/advice/question.ts';
export type { Agent } from './questions/agents/agents.ts';
export type { Alert, AlertChange } from './questions/alerts/question.ts';
export type { Brief } from './questions/brief/question.ts';
export type { Cascade } from './questions/cascade/question.ts';
export type { FailureCase } from './questions/cases/question.ts';
export type { EvolutionAdvice } from './questions/evolution-advice/question.ts';
export type { Evolution, EvolutionInput } from './questions/evolutions/schemas.ts';
export type { Failure, FailureDetail } from './questions/failures/schemas.ts';
export type { GraphDiff, GraphSnapshot } from './questions/graphs/schemas.ts';
export type { Group, GroupChange, GroupDetail, GroupEvent } from './questions/groups/schemas.ts';
export type {
  Effect,
  EvolutionEffects,
  ListedEvolution,
  Verdict,
} from './questions/ledger/schemas.ts';
export type { NodeHealth } from './questions/nodes/question.ts';
export type { Run } from './questions/runs/runs.ts';
export type { SimilarGroup } from './questions/similar/question.ts';
export type { TimelineEvent } from './questions/timeline/question.ts';
export type { Verification, VerificationsInput } from './questions/verifications/schemas.ts';
export type { Replay, ReplayedFailure, ReplayedInput, Runner } from './verify/replay.ts';
export { type Shrunk, shrink } from './verify/shrink.ts';
export { type Verified, type VerifiedInput, type VerifyOptions, verify } from './verify/verify.ts';
