// faultline/query: the history of what failed, what was tried and whether it worked.

export {
  AccessDeniedError,
  InvalidInputError,
  NotFoundError,
  TooManyRequestsError,
  UnavailableError,
} from './base/errors.ts';
export type {
  Agent,
  Brief,
  Effect,
  Evolution,
  EvolutionEffects,
  EvolutionInput,
  Failure,
  FailureDetail,
  GraphDiff,
  GraphSnapshot,
  ListedEvolution,
  Page,
  SqlResult,
  Verdict,
} from './base/schemas.ts';
export type { ClickHouseOptions } from './base/store.ts';
export { type ConnectOptions, connect } from './connect.ts';
export type {
  AgentsOptions,
  BriefOptions,
  EvolutionsOptions,
  FailuresOptions,
  History,
  ListOptions,
} from './history.ts';
export { type ClientOptions, createClient } from './http/client.ts';
export type { RetryOptions } from './questions/advice/advice.ts';
export type { RetryAdvice } from './questions/advice/schemas.ts';
export type { AlertsOptions } from './questions/alerts/alerts.ts';
export type { Alert, AlertChange } from './questions/alerts/schemas.ts';
export type { AlertStatus } from './questions/alerts/statuses.ts';
export type { Cascade } from './questions/cascade/schemas.ts';
export type { CasesOptions } from './questions/cases/cases.ts';
export type { FailureCase } from './questions/cases/schemas.ts';
export type { GroupsOptions } from './questions/groups/questions.ts';
export type {
  Group,
  GroupChange,
  GroupDetail,
  GroupEvent,
  GroupState,
} from './questions/groups/schemas.ts';
export type { NodesOptions } from './questions/nodes/nodes.ts';
export type { NodeHealth } from './questions/nodes/schemas.ts';
export type { SimilarOptions } from './questions/similar/questions.ts';
export type { SimilarGroup } from './questions/similar/schemas.ts';
export type { TimelineEvent } from './questions/timeline/schemas.ts';
export type { TimelineOptions } from './questions/timeline/timeline.ts';
