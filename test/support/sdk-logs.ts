// Log records as OpenTelemetry's own SDK makes them, and requests as its own serializers and exporters
// write them.
import { createRequire } from 'node:module';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import type { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { JsonLogsSerializer, ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { logs } from '@opentelemetry/sdk-node';
import { SERVICE } from './sdk-spans.ts';

export type LogRecords = logs.ReadableLogRecord[];
type Logger = ReturnType<logs.LoggerProvider['getLogger']>;

export const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
export const SPAN_ID = 'b7ad6b7169203331';

/** The records that `make` emits. */
export function recordLogs(make: (logger: Logger) => void, scope = 'executor'): LogRecords {
  const exporter = new logs.InMemoryLogRecordExporter();
  const provider = new logs.LoggerProvider({
    resource: resourceFromAttributes(SERVICE),
    processors: [new logs.SimpleLogRecordProcessor({ exporter })],
  });
  make(provider.getLogger(scope, '1.2.3'));
  return exporter.getFinishedLogRecords();
}

/** The context of the span that the records belong to. */
export function inSpan(traceId = TRACE_ID, spanId = SPAN_ID) {
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: 1 });
}

/** An exception as instrumentations tell it with OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN=logs. */
export function logException(
  logger: Logger,
  message = 'no seat left',
  timestamp: [seconds: number, ns: number] = [1_790_000_000, 123_456_789],
): void {
  logger.emit({
    eventName: 'gen_ai.chat.exception',
    timestamp,
    severityNumber: 17,
    severityText: 'ERROR',
    attributes: {
      'exception.type': 'SoldOutError',
      'exception.message': message,
      'exception.stacktrace': 'SoldOutError: no seat left\n    at book (/app/book.ts:7:9)',
      'gen_ai.agent.id': 'travel-agent',
      'gen_ai.conversation.id': 'session-1',
      'graph.node.id': 'book_flight',
    },
    context: inSpan(),
  });
}

/** A record of no interest. */
export function plainLog(logger: Logger): void {
  logger.emit({ body: 'GET /health 200', severityNumber: 9, attributes: { 'url.path': '/' } });
}

export function logsToProtobuf(records: LogRecords): Buffer {
  return Buffer.from(ProtobufLogsSerializer.serializeRequest(records)!);
}

export function logsToJson(records: LogRecords): Buffer {
  return Buffer.from(JsonLogsSerializer.serializeRequest(records)!);
}

// The exporters that OpenTelemetry's NodeSDK brings along.
const requireOfSdk = createRequire(import.meta.resolve('@opentelemetry/sdk-node'));

/** Sends the records with an OpenTelemetry exporter; gives its result. */
export async function exportLogs(
  kind: 'http' | 'proto' | 'grpc',
  config: { url: string; compression?: CompressionAlgorithm },
  records: LogRecords,
): Promise<{ code: number; error?: Error }> {
  const { OTLPLogExporter } = requireOfSdk(`@opentelemetry/exporter-logs-otlp-${kind}`) as {
    OTLPLogExporter: new (options: typeof config) => logs.LogRecordExporter;
  };
  const exporter = new OTLPLogExporter(config);
  const result = await new Promise<{ code: number; error?: Error }>((resolve) =>
    exporter.export(records, resolve),
  );
  await exporter.shutdown();
  return result;
}
