// Records spans in memory, with the real SDK.
import type { Tracer } from '@opentelemetry/api';
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import {
  executeGraphAttributes,
  executeNodeAttributes,
  startGraphAttributes,
} from '../../instrumentation/semconv/schemas.ts';

export class Recorder {
  readonly tracer: Tracer;
  readonly #exporter = new InMemorySpanExporter();

  constructor() {
    const provider = new TracerProvider({
      sampler: new AlwaysOnSampler(),
      spanProcessors: [new SimpleSpanProcessor({ exporter: this.#exporter })],
    });
    this.tracer = provider.getTracer('test');
  }

  get spans(): ReadableSpan[] {
    return this.#exporter.getFinishedSpans();
  }

  /** Attempts of a node, in the order of their start, checked against the registry. */
  attempts(nodeId?: string): ReadableSpan[] {
    const wanted = nodeId === undefined ? 'execute_node ' : `execute_node ${nodeId}`;
    const found = this.spans.filter(({ name }) =>
      nodeId === undefined ? name.startsWith(wanted) : name === wanted,
    );
    for (const span of found) executeNodeAttributes.parse(span.attributes);
    return found.sort((a, b) => attemptKey(a) - attemptKey(b));
  }

  /** The only run. */
  run(): ReadableSpan {
    const runs = this.spans.filter(({ name }) => name.startsWith('execute_graph '));
    const starts = this.spans.filter(({ name }) => name.startsWith('start_graph '));
    if (runs.length !== 1 || starts.length !== 1) {
      throw new Error(`expected one run, got ${runs.length} and ${starts.length} start signals`);
    }
    executeGraphAttributes.parse(runs[0]!.attributes);
    startGraphAttributes.parse(starts[0]!.attributes);
    return runs[0]!;
  }

  clear(): void {
    this.#exporter.reset();
  }
}

function attemptKey(span: ReadableSpan): number {
  return (
    Number(span.attributes['graph.node.visit']) * 1000 +
    Number(span.attributes['graph.node.attempt'])
  );
}
