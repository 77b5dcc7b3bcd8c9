// What the query service records goes to the collector as spans, on the same way as everything else.
import { setTimeout as wait } from 'node:timers/promises';
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

const READABLE_WITHIN_MS = 5000;
const BETWEEN_READS_MS = 20;

/**
 * Reads what was recorded until it is stored, so that its sender can ask for it at once.
 *
 * @param what names it in the error, such as `evolution 4a44890a`
 * @param read returns undefined as long as it is not there
 * @throws {UnavailableError} when it cannot be read within five seconds; it is not lost
 */
export async function readBack<T>(what: string, read: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + READABLE_WITHIN_MS;
  for (; Date.now() < deadline; await wait(BETWEEN_READS_MS)) {
    const found = await read();
    if (found !== undefined) return found;
  }
  throw new UnavailableError(
    `the collector took ${what}, but it cannot be read back yet: ask for it again later`,
  );
}
