// What comes of inserts into ClickHouse, as metrics and as spans.
import { Counter, Histogram, type Registry } from 'prom-client';
import type { InsertEnd } from '../queue/writer.ts';
import { addPastSpan, type Tracing } from '../serving/tracing.ts';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * Adds the metrics of inserts.
 * @returns what takes the end of each insert
 */
export function addInsertMetrics(
  registry: Registry,
  tracing: Tracing | undefined,
): (insert: InsertEnd) => void {
  const registers = [registry];
  const labelNames = ['table'] as const;
  const duration = new Histogram({
    name: 'faultline_insert_duration_seconds',
    help: 'Time of inserts into ClickHouse, by table; those that failed too.',
    labelNames,
    buckets: SECONDS,
    registers,
  });
  const bytes = new Counter({
    name: 'faultline_insert_bytes_total',
    help: 'Bytes that ClickHouse confirmed, by table.',
    labelNames,
    registers,
  });
  const failures = new Counter({
    name: 'faultline_insert_failures_total',
    help: 'Inserts that failed, by table; their rows are tried again, in parts if need be.',
    labelNames,
    registers,
  });
  const failedBefore = new Map<string, number>();
  return ({ table, rows, bytes: size, seconds, error }) => {
    duration.observe({ table }, seconds);
    if (error === undefined) bytes.inc({ table }, size);
    else failures.inc({ table });
    const retries = failedBefore.get(table) ?? 0;
    failedBefore.set(table, error === undefined ? 0 : retries + 1);
    if (tracing === undefined) return;
    const attributes = {
      'db.system.name': 'clickhouse',
      'db.operation.name': 'INSERT',
      'db.collection.name': table,
      'db.operation.batch.size': rows,
      'faultline.insert.bytes': size,
      'faultline.insert.retries': retries,
    };
    addPastSpan(tracing, `INSERT ${table}`, seconds, attributes, error as Error | undefined);
  };
}
