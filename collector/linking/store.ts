// Reads what ClickHouse has of traces: one file of sql/ a question.
import { readFileSync } from 'node:fs';
import { ClickHouseError } from '@clickhouse/client';
import type { ExceptionRecordRow, FailureRow, NodeAttemptRow, TraceSpanRow } from '../rows/rows.ts';
import type { ClickHouse } from '../serving/clickhouse.ts';
import type { TraceRows } from './trace-rows.ts';

const folder = new URL('./sql/', import.meta.url);
const [spans, failures, exceptions, attempts, unlinked] = [
  'spans_of_traces',
  'failures_of_traces',
  'exceptions_of_traces',
  'attempts_of_traces',
  'unlinked_traces',
].map((name) => readFileSync(new URL(`${name}.sql`, folder), 'utf8')) as [
  string,
  string,
  string,
  string,
  string,
];

const MIB = 1024 * 1024;
/** Characters of rows, as JSON, that one look may bring into this process. */
const MOST_CHARS = 16 * MIB;
/** The same for one trace, which cannot be divided: some 60,000 spans. */
const MOST_CHARS_OF_ONE = 96 * MIB;
/** Of these, failures and log records: each of them becomes a new row. */
export const MOST_CHARS_OF_FAILURES = 32 * MIB;

/** Traces of a question: their ids stand in the URL, where Node takes 16 KiB of headers in all. */
export const MAX_TRACES = 250;

export class TraceStore {
  private readonly client: ClickHouse;
  private readonly signal: AbortSignal;
  private readonly mostCharsOfFailures: number;

  /** @param mostCharsOfFailures of one trace, as JSON */
  constructor(client: ClickHouse, signal: AbortSignal, mostCharsOfFailures: number) {
    this.client = client;
    this.signal = signal;
    this.mostCharsOfFailures = mostCharsOfFailures;
  }

  /**
   * The rows of traces.
   * @param traces ids, at most {@link MAX_TRACES}
   * @param isWhole whether a trace may have failures although none of its spans says so
   * @throws {ClickHouseError} when ClickHouse refuses
   * @throws {TooManyRows} when they do not fit
   */
  async rowsOf(
    traces: readonly string[],
    isWhole: (traceId: string) => boolean,
  ): Promise<Map<string, TraceRows>> {
    const isOne = traces.length === 1;
    const bound: Bound = { chars: isOne ? MOST_CHARS_OF_ONE : MOST_CHARS };
    const rows = new Map<string, TraceRows>(
      traces.map((traceId) => [traceId, { failures: [], attempts: [], exceptions: [], spans: [] }]),
    );
    await this.each<TraceSpanRow>(spans, { traces }, bound, (row) => {
      rows.get(row.trace_id)?.spans.push(row);
    });
    // Nearly all traces are good: one look at one table is enough for these.
    const failed = traces.filter(
      (traceId) => isWhole(traceId) || isSuspect(rows.get(traceId)!.spans),
    );
    if (failed.length === 0) return rows;
    const ofFailures: Bound = { chars: Math.min(bound.chars, this.mostCharsOfFailures) };
    await this.each<FailureRow>(failures, { traces: failed }, ofFailures, (row) => {
      rows.get(row.trace_id)?.failures.push(row);
    });
    await this.each<ExceptionRecordRow>(exceptions, { traces: failed }, ofFailures, (row) => {
      rows.get(row.trace_id)?.exceptions.push(row);
    });
    const range = timesOf(failed.map((traceId) => rows.get(traceId)!));
    if (range === undefined) return rows;
    await this.each<NodeAttemptRow>(attempts, { traces: failed, ...range }, bound, (row) => {
      rows.get(row.trace_id)?.attempts.push(row);
    });
    return rows;
  }

  /**
   * Traces with rows that may not be linked yet, the newest first.
   * @param since as ClickHouse's text
   */
  async unlinked(since: string, limit: number): Promise<string[]> {
    const found: string[] = [];
    const bound = { chars: Number.POSITIVE_INFINITY };
    await this.each<{ trace_id: string }>(unlinked, { since, limit }, bound, ({ trace_id }) => {
      found.push(trace_id);
    });
    return found;
  }

  /** @param bound what is left; lowered by what comes */
  private async each<Row>(
    query: string,
    query_params: Record<string, unknown>,
    bound: Bound,
    take: (row: Row) => void,
  ): Promise<void> {
    const result = await this.client.query({
      query,
      query_params,
      format: 'JSONEachRow',
      abort_signal: this.signal,
      clickhouse_settings: { output_format_json_quote_64bit_integers: 1 },
    });
    for await (const rows of result.stream<Row>()) {
      for (const row of rows) {
        bound.chars -= row.text.length;
        if (bound.chars < 0) throw new TooManyRows();
        take(row.json());
      }
    }
  }
}

interface Bound {
  chars: number;
}

/** The earliest and the latest time of some traces, as ClickHouse's text; undefined when they have no rows. */
function timesOf(traces: readonly TraceRows[]): { from: string; to: string } | undefined {
  let [from, to] = ['', ''];
  for (const { failures, exceptions, spans } of traces) {
    for (const rows of [failures, exceptions, spans]) {
      for (const { timestamp } of rows) {
        if (from === '' || timestamp < from) from = timestamp;
        if (timestamp > to) to = timestamp;
      }
    }
  }
  return from === '' ? undefined : { from, to };
}

/** Whether something failed, or our own spans may be around these. */
function isSuspect(spans: readonly TraceSpanRow[]): boolean {
  return spans.some(
    ({ state, is_top, ancestor_span_ids }) =>
      state === 'failed' || (is_top === 0 && ancestor_span_ids.length > 0),
  );
}

class TooManyRows extends Error {
  override name = 'TooManyRows';
}

/** ClickHouse has too little memory for them. */
const MEMORY_LIMIT_EXCEEDED = '241';

/** Whether fewer traces in one look may help. */
export function isTooLarge(error: unknown): boolean {
  if (error instanceof TooManyRows) return true;
  return error instanceof ClickHouseError && error.code === MEMORY_LIMIT_EXCEEDED;
}

/** Whether ClickHouse has answered, though not with rows. */
export function isRefusal(error: unknown): boolean {
  return error instanceof ClickHouseError;
}
