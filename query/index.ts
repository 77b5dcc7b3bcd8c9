// faultline/query: the history of what failed, what was tried and whether it worked.
export { type ConnectOptions, connect } from './connect.ts';
export { AccessDeniedError, InvalidInputError, NotFoundError, UnavailableError } from './errors.ts';
export type {
  BriefOptions,
  EvolutionsOptions,
  FailuresOptions,
  History,
  ListOptions,
} from './history.ts';
export { type ClientOptions, createClient } from './http/client.ts';
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
  Page,
  SqlResult,
  Verdict,
} from './schemas.ts';
export type { ClickHouseOptions } from './store.ts';
