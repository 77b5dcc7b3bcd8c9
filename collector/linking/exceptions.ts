// An exception that log records report of a failed span, in the columns that the span left empty.
import type { ExceptionRecordRow, FailureRow } from '../rows/rows.ts';
import {
  LOG_COLUMNS,
  LOG_RECORDS,
  listOf,
  markOf,
  marksOf,
  STATUS_MESSAGE,
  withMarks,
} from './marks.ts';

type Column = 'error_type' | 'error_message' | 'stack_trace';

/** What the attribute of a column is called among the truncated ones. */
const ATTRIBUTES: Readonly<Record<Column, string>> = {
  error_type: 'exception.type',
  error_message: 'exception.message',
  stack_trace: 'exception.stacktrace',
};

/** Sorts the newest first; of the same time, always in the same order. */
export function byNewest(a: ExceptionRecordRow, b: ExceptionRecordRow): number {
  if (a.timestamp !== b.timestamp) return a.timestamp > b.timestamp ? -1 : 1;
  return a.record_id > b.record_id ? -1 : 1;
}

/**
 * The row with the exception that these records of its span report. Span attributes and events win; of
 * several records the newest. A message is also taken in the place of one that can only be the
 * span's status: there is no stack trace, and the types do not differ.
 *
 * @param row without what was taken from records before, see {@link withoutRecords}
 * @param records the newest first
 */
export function withRecords(row: FailureRow, records: readonly ExceptionRecordRow[]): FailureRow {
  const taken = new Map<Column, ExceptionRecordRow>();
  const take = (column: Column, test: (record: ExceptionRecordRow) => boolean = () => true) => {
    const record = records.find((candidate) => candidate[column] !== '' && test(candidate));
    if (record && record[column] !== row[column]) taken.set(column, record);
  };
  if (row.error_type === '') take('error_type');
  if (row.stack_trace === '') take('stack_trace');
  if (row.error_message === '') take('error_message');
  else if (row.stack_trace === '') {
    take(
      'error_message',
      ({ error_type }) => row.error_type === '' || row.error_type === error_type,
    );
  }
  if (taken.size === 0) return row;
  const columns = [...taken.keys()];
  const used = [...new Set(taken.values())];
  const cut = columns.map((column) => ATTRIBUTES[column]);
  return {
    ...row,
    ...Object.fromEntries([...taken].map(([column, record]) => [column, record[column]])),
    redactions: addCounts(row.redactions, used, 1),
    truncated: [
      ...row.truncated.filter((name) => !cut.includes(name)),
      ...columns.flatMap((column) =>
        taken.get(column)!.truncated.includes(ATTRIBUTES[column]) ? [ATTRIBUTES[column]] : [],
      ),
    ],
    attributes: withMarks(row.attributes, {
      ...marksOf(row),
      [LOG_COLUMNS]: columns.join(','),
      [LOG_RECORDS]: used.map((record) => record.record_id).join(','),
      [STATUS_MESSAGE]: taken.has('error_message') ? row.error_message : '',
    }),
  };
}

/**
 * The row as it was before {@link withRecords}; undefined when a record that it was made from is no
 * longer there, so that it has to stay as it is.
 */
export function withoutRecords(
  row: FailureRow,
  records: readonly ExceptionRecordRow[],
): FailureRow | undefined {
  const columns = listOf(row, LOG_COLUMNS) as Column[];
  if (columns.length === 0) return row;
  const ids = listOf(row, LOG_RECORDS);
  const used = records.filter((record) => ids.includes(record.record_id));
  if (used.length !== ids.length) return undefined;
  const cut = columns.map((column) => ATTRIBUTES[column]);
  return {
    ...row,
    ...Object.fromEntries(columns.map((column) => [column, ''])),
    ...(columns.includes('error_message') ? { error_message: markOf(row, STATUS_MESSAGE) } : {}),
    redactions: addCounts(row.redactions, used, -1),
    truncated: row.truncated.filter((name) => !cut.includes(name)),
    attributes: withMarks(row.attributes, {
      ...marksOf(row),
      [LOG_COLUMNS]: '',
      [LOG_RECORDS]: '',
      [STATUS_MESSAGE]: '',
    }),
  };
}

function addCounts(
  counts: Record<string, number>,
  records: readonly ExceptionRecordRow[],
  times: 1 | -1,
): Record<string, number> {
  const sum = new Map(Object.entries(counts));
  for (const { redactions } of records) {
    for (const [kind, count] of Object.entries(redactions)) {
      sum.set(kind, (sum.get(kind) ?? 0) + times * count);
    }
  }
  return Object.fromEntries([...sum].filter(([, count]) => count > 0));
}
