// The app's own OpenTelemetry: what it makes goes where OTEL_EXPORTER_OTLP_ENDPOINT says. Where the app lies on
// this machine is nobody's business.
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';

const here = process.cwd();
const elsewhere = (attributes = {}) => {
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'string') attributes[key] = value.replaceAll(here, '/app');
  }
};

class Exporter extends OTLPTraceExporter {
  export(spans, done) {
    for (const span of spans) {
      elsewhere(span.attributes);
      for (const event of span.events) elsewhere(event.attributes);
    }
    super.export(spans, done);
  }
}

export const processor = () => new SimpleSpanProcessor(new Exporter());
const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ 'service.name': process.env.OTEL_SERVICE_NAME }),
  spanProcessors: [processor()],
});
provider.register();
process.once('beforeExit', () => provider.shutdown());
