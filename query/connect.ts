// The history over ClickHouse, in the process of the caller.
import { DEFAULT_POLICIES, type Policies } from './base/policies.ts';
import type { OtlpOptions } from './base/question.ts';
import type { KnownSkipped } from './base/skipped.ts';
import { type ClickHouseOptions, Store } from './base/store.ts';
import { type History, historyOf } from './history.ts';

/** Options of {@link connect}. */
export interface ConnectOptions {
  clickhouse: ClickHouseOptions;
  /** As whom statements that others send are run. @default as `clickhouse` */
  reader?: ClickHouseOptions | undefined;
  /**
   * Base address of the collector's OTLP/HTTP receiver, through which evolutions are recorded, as in
   * `http://127.0.0.1:4318`. Without it `recordEvolution` is refused.
   */
  otlp?: OtlpOptions;
  /** What may evolve by itself, for the advice on evolutions. @default what holds without a file */
  policies?: Policies | undefined;
  /** Failed spans that the collector of this process skipped. @default not known */
  skippedFailures?: KnownSkipped;
  /**
   * Address of a trace in the UI that shows traces, with `{trace_id}` in it, and `{span_id}` and `{service_name}` where it
   * takes them. @default no links
   */
  traceUrl?: string | undefined;
}

/** Opens the history that is stored in a ClickHouse database. Nothing is sent before the first call. */
export function connect({
  clickhouse,
  reader: readerOptions,
  otlp,
  policies = DEFAULT_POLICIES,
  skippedFailures,
  traceUrl,
}: ConnectOptions): History {
  const store = new Store(clickhouse);
  const reader = readerOptions ? new Store(readerOptions) : store;
  const context = { store, reader, otlp, policies, skippedFailures, traceUrl };
  return historyOf(
    (asked, fields) => asked.ask(fields, context),
    async () => {
      await store.close();
      if (reader !== store) await reader.close();
    },
  );
}
