// What the query service records goes to the collector as spans, on the same way as everything else.
import type { Tracer } from '@opentelemetry/api';
import { createPipeline } from '../../instrumentation/index.ts';
import { UnavailableError } from './errors.ts';
import type { OtlpOptions } from './question.ts';

/**
 * Sends the spans that `record` makes and resolves when the collector has them.
 *
 * @param what names them in the error, such as `the evolution`
 * @throws {UnavailableError} when the collector does not take them
 */
export async function emitSpans(
  { url, headers = {} }: OtlpOptions,
  what: string,
  record: (tracer: Tracer) => void,
): Promise<void> {
  const pipeline = createPipeline({ endpoint: url, headers, serviceName: 'faultline-query' });
  record(pipeline.tracer);
  try {
    await pipeline.shutdown();
  } catch (error) {
    throw new UnavailableError(`the collector did not take ${what}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
