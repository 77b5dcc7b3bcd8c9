export { logFailures } from './log-failures.ts';
export type { FailureLog, FailureLogOptions, LoggerLike, OtelLogger } from './types.ts';
