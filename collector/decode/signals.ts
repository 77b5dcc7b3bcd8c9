// The signals that are taken, as OTLP names them.

export interface Signal {
  /** What its requests carry, in words and as the path says it. */
  name: string;
  /** Path over HTTP. */
  path: string;
  /** Service over gRPC; its only method is Export. */
  grpcService: string;
  /** The count in its partial success, as JSON names it. */
  rejectedField: string;
}

export const TRACES: Signal = {
  name: 'traces',
  path: '/v1/traces',
  grpcService: 'opentelemetry.proto.collector.trace.v1.TraceService',
  rejectedField: 'rejectedSpans',
};

export const LOGS: Signal = {
  name: 'logs',
  path: '/v1/logs',
  grpcService: 'opentelemetry.proto.collector.logs.v1.LogsService',
  rejectedField: 'rejectedLogRecords',
};
