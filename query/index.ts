// faultline/query: the history of what failed, what was tried and whether it worked.

export type { RetryOptions } from './advice/advice.ts';
export type { RetryAdvice } from './advice/schemas.ts';
export type { AlertsOptions } from './alerts/alerts.ts';
export type { Alert, AlertChange } from './alerts/schemas.ts';
export type { AlertStatus } from './alerts/statuses.ts';
export type { Cascade } from './cascade/schemas.ts';
export type { CasesOptions } from './cases/cases.ts';
export type { FailureCase } from './cases/schemas.ts';
export { type ConnectOptions, connect } from './connect.ts';
export {
  AccessDeniedError,
  InvalidInputError,
  NotFoundError,
  TooManyRequestsError,
  UnavailableError,
} from './errors.ts';
export type { GroupsOptions } from './groups/questions.ts';
export type {
  Group,
  GroupChange,
  GroupDetail,
  GroupEvent,
  GroupState,
} from './groups/schemas.ts';
export type {
  AgentsOptions,
  BriefOptions,
  EvolutionsOptions,
  FailuresOptions,
  History,
  ListOptions,
} from './history.ts';
export { type ClientOptions, createClient } from './http/client.ts';
export type { NodesOptions } from './nodes/nodes.ts';
export type { NodeHealth } from './nodes/schemas.ts';
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
} from './schemas.ts';
export type { SimilarOptions } from './similar/questions.ts';
export type { SimilarGroup } from './similar/schemas.ts';
export type { ClickHouseOptions } from './store.ts';
export type { TimelineEvent } from './timeline/schemas.ts';
export type { TimelineOptions } from './timeline/timeline.ts';
