// What the linker writes into a row's `attributes`: where the columns come from that the span itself
// did not fill. With these marks a row can be taken back to what its span reported, so that linking it
// again, when more is known, gives what linking it late would have given.
import type { FailureRow } from '../rows/rows.ts';

const PREFIX = 'faultline.';
/** `log` on a failure that only a log record reports. */
export const TOLD_BY = 'faultline.told_by';
/** How the node around an operation was found: `parent` or `time`. */
export const TIED_BY = 'faultline.tied_by';
/** Columns that were taken from that node. */
export const TIED_COLUMNS = 'faultline.tied_columns';
/** Ids of the log records that columns were taken from. */
export const LOG_RECORDS = 'faultline.log_records';
/** Columns that were taken from log records. */
export const LOG_COLUMNS = 'faultline.log_columns';
/** The span's status message, where a log record's message has taken its place. */
export const STATUS_MESSAGE = 'faultline.status_message';

/** JSON of the columns as the span reported them, where what is around it says otherwise. */
export const REPORTED = 'faultline.reported';
/** On a row that is gone: the span of the failure that it is a consequence of. */
export const CONSEQUENCE_OF = 'faultline.consequence_of';

/** `trace` on a failure that a condition found in the spans of a trace together. */
export const CONDITION_OF = 'faultline.condition_of';

/** The revision of a row that a span alone reported; whatever marks it has are the span's own words. */
export const SPAN_REVISION = 1;

/** The value of a mark that the linker has set; '' without. */
export function markOf(row: FailureRow, mark: string): string {
  return row.revision === SPAN_REVISION ? '' : (row.attributes[mark] ?? '');
}

/** The columns or ids that a mark lists. */
export function listOf(row: FailureRow, mark: string): string[] {
  return markOf(row, mark).split(',').filter(Boolean);
}

/** The attributes with these marks instead of those they had; marks that say nothing are left out. */
export function withMarks(
  attributes: Record<string, string>,
  marks: Record<string, string>,
): Record<string, string> {
  return Object.fromEntries([
    ...Object.entries(attributes).filter(([key]) => !key.startsWith(PREFIX)),
    ...Object.entries(marks).filter(([, value]) => value !== ''),
  ]);
}

/** The marks that the linker has set on a row. */
export function marksOf(row: FailureRow): Record<string, string> {
  if (row.revision === SPAN_REVISION) return {};
  return Object.fromEntries(
    Object.entries(row.attributes).filter(([key]) => key.startsWith(PREFIX)),
  );
}
