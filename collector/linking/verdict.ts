// What was decided of a failure, written into its row, so that it can be taken back.
import { CLASS_FROM, identified } from '../materialize/classify/identify.ts';
import type { FailureRow } from '../rows/rows.ts';
import type { Verdict } from './decide.ts';
import { CONSEQUENCE_OF, markOf, marksOf, REPORTED, withMarks } from './marks.ts';

/** The row with what was decided of it. @param row as its span and its log records report it */
export function withVerdict(row: FailureRow, { columns }: Verdict): FailureRow {
  const changed = Object.entries(columns).filter(
    ([column, value]) => value !== undefined && value !== row[column as keyof FailureRow],
  );
  if (changed.length === 0) return row;
  const reported = changed.map(([column]) => [column, row[column as keyof FailureRow]]);
  const { class: known, ...others } = Object.fromEntries(changed) as Partial<FailureRow>;
  const next = identified({
    ...row,
    ...others,
    attributes: withMarks(row.attributes, {
      ...marksOf(row),
      [REPORTED]: JSON.stringify(Object.fromEntries([...reported, ['class', row.class]])),
    }),
  });
  if (known === undefined) return next;
  // Where it began, more was known of why.
  return { ...next, class: known, attributes: { ...next.attributes, [CLASS_FROM]: 'rule' } };
}

/** The row as it was before {@link withVerdict}. */
export function withoutVerdict(row: FailureRow): FailureRow {
  const reported = markOf(row, REPORTED);
  if (reported === '' && markOf(row, CONSEQUENCE_OF) === '') return row;
  return {
    ...row,
    ...(reported === '' ? {} : (JSON.parse(reported) as Partial<FailureRow>)),
    attributes: withMarks(row.attributes, {
      ...marksOf(row),
      [REPORTED]: '',
      [CONSEQUENCE_OF]: '',
    }),
  };
}

/** The row of a report that is no failure of its own: gone, and known to be of whose. */
export function asConsequence(row: FailureRow, home: FailureRow): FailureRow {
  return {
    ...row,
    is_deleted: 1,
    attributes: withMarks(row.attributes, { ...marksOf(row), [CONSEQUENCE_OF]: home.span_id }),
  };
}

/** Whether the row is gone for no other reason than that. */
export function isConsequence(row: FailureRow): boolean {
  return row.is_deleted === 1 && markOf(row, CONSEQUENCE_OF) !== '';
}
