// Spans as OpenTelemetry's own SDK makes them, and requests as its own serializers write them.
import { type Attributes, SpanStatusCode, type Tracer } from '@opentelemetry/api';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';

export const SERVICE = {
  'service.name': 'planner',
  'deployment.environment.name': 'test',
};

/** The finished spans that `make` starts and ends. */
export function recordSpans(make: (tracer: Tracer) => void, service = SERVICE): ReadableSpan[] {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    resource: resourceFromAttributes(service),
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  make(provider.getTracer('executor', '1.2.3'));
  return exporter.getFinishedSpans();
}

export function toProtobuf(spans: ReadableSpan[]): Buffer {
  return Buffer.from(ProtobufTraceSerializer.serializeRequest(spans)!);
}

export function toJson(spans: ReadableSpan[]): Buffer {
  return Buffer.from(JsonTraceSerializer.serializeRequest(spans)!);
}

export const NODE_ATTRIBUTES: Attributes = {
  'gen_ai.agent.id': 'travel-agent',
  'gen_ai.agent.name': 'Travel agent',
  'gen_ai.conversation.id': 'session-1',
  'graph.id': 'trip',
  'graph.run.id': 'run-1',
  'graph.snapshot.ref': `sha256:${'a'.repeat(64)}`,
  'graph.node.id': 'book_flight',
  'graph.node.attempt': 2,
};

/** A failed `execute_node` span with an exception event, as our convention has it. */
export function failNode(
  tracer: Tracer,
  attributes: Attributes = {},
  message = 'no seat left',
): void {
  const span = tracer.startSpan('execute_node book_flight', {
    attributes: { ...NODE_ATTRIBUTES, 'error.type': 'SoldOutError', ...attributes },
  });
  const error = new Error(message);
  error.name = 'SoldOutError';
  span.recordException(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
  span.end();
}

/** A good span of no interest. */
export function plainSpan(tracer: Tracer, name = 'GET /health'): void {
  tracer.startSpan(name, { attributes: { 'http.request.method': 'GET', 'url.path': '/' } }).end();
}
