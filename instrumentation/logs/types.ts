import type {
  FailureClass,
  FailureDisposition,
  FailureSeverity,
  FailureSite,
} from '../semconv/attributes.ts';

/** A failure as it is written to the app's logs; the names are those of the table. */
export interface FailureLog {
  /** The failure's id in the history: `faultline show <id>` finds it. */
  readonly failure_id: string;
  /** ISO 8601. */
  readonly timestamp: string;
  readonly trace_id: string;
  readonly span_id: string;
  readonly agent_id: string;
  readonly graph_id: string;
  readonly run_id: string;
  readonly session_id?: string | undefined;
  /** Absent for a failure of the run itself. */
  readonly node_id?: string | undefined;
  /** From 1. */
  readonly attempt?: number | undefined;
  readonly max_attempts?: number | undefined;
  readonly site?: FailureSite | undefined;
  readonly class?: FailureClass | undefined;
  readonly severity?: FailureSeverity | undefined;
  readonly disposition?: FailureDisposition | undefined;
  /** The failure condition that fired. */
  readonly condition?: string | undefined;
  readonly error_type: string;
  /** Redacted, at most 1 KiB. */
  readonly message: string;
}

/** A logger such as pino's: first the fields, then the line. */
export interface LoggerLike {
  warn(fields: object, line: string): unknown;
  error(fields: object, line: string): unknown;
}

/** A logger of OpenTelemetry's Logs API, such as `logs.getLogger('agent')` gives. */
export interface OtelLogger {
  emit(record: object): void;
}

/** Where {@link logFailures} writes failures. */
export interface FailureLogOptions {
  /**
   * `console`: lines on standard error; a logger such as pino's; a logger of OpenTelemetry's Logs API; or a
   * function that gets the line.
   */
  readonly logTo?:
    | 'console'
    | LoggerLike
    | OtelLogger
    | ((line: string, failure: FailureLog) => unknown);
  /** Gets each failure. */
  readonly onFailure?: (failure: FailureLog, line: string) => unknown;
}
