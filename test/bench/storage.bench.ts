// Bytes on disk of a failure, beside the table that the OpenTelemetry Collector's ClickHouse exporter
// makes, with the same failed spans in the same engine, both merged. BENCH_FAILURES: default 200,000.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine, seed } from './memory-data.ts';

export const name = 'Storage: bytes of a failed span on disk, failures beside otel_traces';

const FAILURES = Number(process.env.BENCH_FAILURES ?? 200_000);

/** Columns, codecs, indexes and keys of the exporter's table, without full-text search. */
const OTEL_TRACES = `
  CREATE TABLE otel_traces
  (
    Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    TraceId String CODEC(ZSTD(1)), SpanId String CODEC(ZSTD(1)), ParentSpanId String CODEC(ZSTD(1)),
    TraceState String CODEC(ZSTD(1)), SpanName LowCardinality(String) CODEC(ZSTD(1)),
    SpanKind LowCardinality(String) CODEC(ZSTD(1)), ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ScopeName String CODEC(ZSTD(1)), ScopeVersion String CODEC(ZSTD(1)),
    SpanAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    Duration UInt64 CODEC(T64, ZSTD(1)), StatusCode LowCardinality(String) CODEC(ZSTD(1)),
    StatusMessage String CODEC(ZSTD(1)),
    Events Nested(Timestamp DateTime64(9), Name LowCardinality(String), Attributes Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
    Links Nested(TraceId String, SpanId String, TraceState String, Attributes Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_res_attr_value mapValues(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_span_attr_key mapKeys(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_span_attr_value mapValues(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_duration Duration TYPE minmax GRANULARITY 1,
    INDEX idx_lower_span_name lower(SpanName) TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8
  )
  ENGINE = MergeTree
  PARTITION BY toDate(Timestamp)
  PRIMARY KEY (ServiceName, SpanName, toDateTime(Timestamp))
  ORDER BY (ServiceName, SpanName, toDateTime(Timestamp), Timestamp)
  SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1`;

/** The spans that those failures came from: the exception as attributes and, as SDKs tell it, as an event. */
const SPANS = `
  INSERT INTO otel_traces
  WITH map('exception.type', error_type, 'exception.message', error_message, 'exception.stacktrace', stack_trace) AS exception
  SELECT timestamp, trace_id, span_id, parent_span_id, '', concat('execute_node ', node_id), 'Internal', service_name,
    resource_attributes, 'faultline', '1',
    mapConcat(attributes, exception, map(
      'error.type', error_type, 'gen_ai.agent.id', agent_id, 'gen_ai.conversation.id', session_id, 'graph.id', graph_id,
      'graph.run.id', run_id, 'graph.snapshot.ref', graph_snapshot_ref, 'graph.node.id', node_id,
      'graph.node.name', node_name, 'graph.node.type', node_type, 'graph.node.attempt', toString(attempt),
      'graph.node.max_attempts', toString(max_attempts), 'graph.node.visit', toString(visit), 'failure.site', site,
      'failure.class', class, 'failure.severity', severity, 'failure.disposition', disposition,
      'failure.input', input_context, 'failure.input.digest', input_digest, 'failure.state', graph_state)),
    duration_ns, 'Error', error_message, [timestamp], ['exception'], [exception], [], [], [], []
  FROM failures`;

export async function run(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'faultline-storage-'));
  const { engine, ask } = await openEngine(dataDir);
  try {
    await seed(ask, FAILURES, join(dataDir, 'seeded'));
    await ask(OTEL_TRACES);
    await ask(SPANS);
    await ask('OPTIMIZE TABLE otel_traces FINAL');
    console.log(
      await ask(`
        SELECT p.table AS name, sum(p.rows) AS stored, round(sum(p.bytes_on_disk) / stored, 1) AS bytes_a_span,
          round(sum(p.data_uncompressed_bytes) / stored) AS uncompressed,
          round(sum(p.secondary_indices_compressed_bytes) / stored, 1) AS of_it_indexes
        FROM system.parts AS p
        WHERE active AND database = 'faultline' AND p.table IN ('failures', 'otel_traces')
        GROUP BY p.table ORDER BY p.table FORMAT PrettyCompactMonoBlock`),
    );
  } finally {
    await engine.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}
