import { uuidOf } from '../../instrumentation/semconv/failure-id.ts';
import type { ExceptionRecordRow } from '../rows/rows.ts';

/** What a record reports of its exception, as it is stored: without what pipelines add on the way. */
type Reported = Pick<
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

/** The id of a record: a UUID from what it reports, so that a resend has the same id. */
export function recordId(reported: Reported): string {
  return uuidOf(
    JSON.stringify([
      reported.trace_id,
      reported.span_id,
      reported.timestamp,
      reported.event_name,
      reported.severity_number,
      reported.error_type,
      reported.error_message,
      reported.stack_trace,
    ]),
  );
}
