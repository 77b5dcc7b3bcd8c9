// What was decided of a failure, written into its row, so that it can be taken back.
import { CLASS_FROM, identified } from '../materialize/classify/identify.ts';
import type { FailureRow, TraceSpanRow } from '../rows/rows.ts';
import { CONSEQUENCE_OF, markOf, marksOf, REPORTED, withMarks } from './marks.ts';
import type { TracePart } from './trace-tree.ts';

/** The failure that a cluster of reports is. */
export interface Verdict {
  /** The report that stands for it. */
  home: FailureRow;
  /** What the row says otherwise than its span. */
  columns: Partial<FailureRow>;
  /** The reports that are consequences of it. */
  consequences: FailureRow[];
}

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

/** @param part that the report is of; undefined of a call */
export function levelOf(part: TracePart | undefined, home: FailureRow): FailureRow['level'] {
  if (part === undefined) return home.level;
  if (part.isNode) return 'node';
  return part.row.part === 'step' && part.standing !== 'run' ? 'operation' : 'graph';
}

/** Consequences that the evidence names. */
const MOST_NAMED = 16;

/** Which spans reported the failure as well. */
export function evidenceOf(
  consequences: readonly FailureRow[],
  spans: Map<string, TraceSpanRow>,
): string {
  return JSON.stringify({
    reported_by: consequences.slice(0, MOST_NAMED).map(({ span_id }) => ({
      span_id,
      name: (spans.get(span_id)?.name ?? '').slice(0, 200),
    })),
  });
}
