import { uuidOf } from '../../instrumentation/semconv/failure-id.ts';
import type { ExceptionRecordRow } from '../rows/rows.ts';

/** What a record tells of its exception, as it is stored: without what pipelines add on the way. */
type Told = Pick<
  ExceptionRecordRow,
  | 'trace_id'
  | 'span_id'
  | 'timestamp'
  | 'event_name'
  | 'severity_number'
  | 'error_type'
  | 'error_message'
  | 'stack_trace'
>;

/** The id of a record: a UUID from what it tells, so that a resend has the same id. */
export function recordId(told: Told): string {
  return uuidOf(
    JSON.stringify([
      told.trace_id,
      told.span_id,
      told.timestamp,
      told.event_name,
      told.severity_number,
      told.error_type,
      told.error_message,
      told.stack_trace,
    ]),
  );
}
