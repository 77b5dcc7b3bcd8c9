// Reads what ClickHouse has of traces: one file of sql/ a question.
import { readFileSync } from 'node:fs';
import { ClickHouseError } from '@clickhouse/client';
import type { ExceptionRecordRow, FailureRow, NodeAttemptRow, TraceSpanRow } from '../rows/rows.ts';
import type { ClickHouse } from '../serving/clickhouse.ts';
import type { TraceRows } from './link.ts';

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

/** Bytes of rows that one question may bring into this process. */
const MAX_RESULT_BYTES = 16 * 1024 * 1024;
/** The same for a question about one trace, which cannot be divided. */
const MAX_TRACE_BYTES = 128 * 1024 * 1024;

/** Traces of a question: their ids stand in the URL, where Node takes 16 KiB of headers in all. */
export const MAX_TRACES = 250;

export class TraceStore {
  private readonly client: ClickHouse;
  private readonly signal: AbortSignal;

  constructor(client: ClickHouse, signal: AbortSignal) {
    this.client = client;
    this.signal = signal;
  }

  /**
   * The rows of traces.
   * @param traces ids, at most {@link MAX_TRACES}
   * @param isWhole whether a trace may have failures although none of its spans says so
   * @throws {ClickHouseError} when ClickHouse refuses, also because there are too many rows
   */
  async rowsOf(
    traces: readonly string[],
    isWhole: (traceId: string) => boolean,
  ): Promise<Map<string, TraceRows>> {
    const most = traces.length === 1 ? MAX_TRACE_BYTES : MAX_RESULT_BYTES;
    const rows = new Map<string, TraceRows>(
      traces.map((traceId) => [traceId, { failures: [], attempts: [], exceptions: [], spans: [] }]),
    );
    for (const row of await this.select<TraceSpanRow>(spans, { traces }, most)) {
      rows.get(row.trace_id)?.spans.push(row);
    }
    // Nearly all traces are good: one look at one table is enough for these.
    const failed = traces.filter(
      (traceId) => isWhole(traceId) || isSuspect(rows.get(traceId)!.spans),
    );
    if (failed.length === 0) return rows;
    for (const row of await this.select<FailureRow>(failures, { traces: failed }, most)) {
      rows.get(row.trace_id)?.failures.push(row);
    }
    for (const row of await this.select<ExceptionRecordRow>(exceptions, { traces: failed }, most)) {
      rows.get(row.trace_id)?.exceptions.push(row);
    }
    const times = failed
      .flatMap((traceId) => {
        const { failures, exceptions, spans } = rows.get(traceId)!;
        return [...failures, ...exceptions, ...spans].map(({ timestamp }) => timestamp);
      })
      .sort();
    if (times.length === 0) return rows;
    const range = { from: times[0], to: times.at(-1) };
    const inRange = { traces: failed, ...range };
    for (const row of await this.select<NodeAttemptRow>(attempts, inRange, most)) {
      rows.get(row.trace_id)?.attempts.push(row);
    }
    return rows;
  }

  /**
   * Traces with rows that may not be linked yet, the newest first.
   * @param since as ClickHouse's text
   */
  async unlinked(since: string, limit: number): Promise<string[]> {
    const rows = await this.select<{ trace_id: string }>(unlinked, { since, limit });
    return rows.map(({ trace_id }) => trace_id);
  }

  private async select<Row>(
    query: string,
    query_params: Record<string, unknown>,
    mostBytes = MAX_RESULT_BYTES,
  ): Promise<Row[]> {
    const result = await this.client.query({
      query,
      query_params,
      format: 'JSONEachRow',
      abort_signal: this.signal,
      clickhouse_settings: {
        output_format_json_quote_64bit_integers: 1,
        max_result_bytes: String(mostBytes),
        result_overflow_mode: 'throw',
      },
    });
    return result.json<Row>();
  }
}

/** Whether something failed, or our own spans may be around these. */
function isSuspect(spans: readonly TraceSpanRow[]): boolean {
  return spans.some(
    ({ state, is_top, ancestor_span_ids }) =>
      state === 'failed' || (is_top === 0 && ancestor_span_ids.length > 0),
  );
}

/** Codes for a result over its bound, and for too little memory. */
const TOO_LARGE = new Set(['396', '241']);

/** Whether fewer traces in one question may help. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof ClickHouseError && TOO_LARGE.has(error.code);
}

/** Whether ClickHouse has answered, though not with rows. */
export function isRefusal(error: unknown): boolean {
  return error instanceof ClickHouseError;
}
