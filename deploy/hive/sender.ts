// Sends spans and waits until the collector has them: only then may the state say that they are sent.
import { setTimeout as pause } from 'node:timers/promises';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { encodeSpan, headOf, requestOf } from '../../instrumentation/delivery/encode.ts';
import { addressOf, type Endpoint } from '../../instrumentation/delivery/environment.ts';
import { SendError, send } from '../../instrumentation/delivery/transport.ts';
import type { Say } from './session-logs.ts';

const BATCH_SPANS = 500;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export interface SenderOptions {
  readonly endpoint: Endpoint;
  readonly say: Say;
  /** How long to go on trying, in milliseconds. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

/**
 * Resolves when the collector has taken all of them, but for those that it will never take, which are
 * said.
 * @throws {Error} if it could not be reached in time, or the signal came
 */
export async function sendAll(
  spans: readonly ReadableSpan[],
  options: SenderOptions,
): Promise<void> {
  for (let from = 0; from < spans.length; from += BATCH_SPANS) {
    await sendBatch(spans.slice(from, from + BATCH_SPANS), options);
  }
}

async function sendBatch(spans: readonly ReadableSpan[], options: SenderOptions): Promise<void> {
  const { endpoint, say, patienceMs, signal } = options;
  const address = addressOf(endpoint);
  const body = Buffer.concat(spans.flatMap((span) => requestOf(headOf(span), [encodeSpan(span)])));
  const giveUpAt = Date.now() + patienceMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    signal.throwIfAborted();
    try {
      const rejected = await send(endpoint, body, true);
      if (rejected > 0) say(address, 'the collector rejected spans; its log says why');
      return;
    } catch (error) {
      if (!(error instanceof SendError)) throw error;
      if (!error.retryable) return await sendHalves(spans, error, options);
      const waitMs = error.retryAfterMs ?? pauseMs;
      if (Date.now() + waitMs > giveUpAt) {
        throw new Error(`the collector at ${address} did not take the spans: ${error.message}`);
      }
      say(address, `the collector does not take spans (${error.message}); trying again`);
      await pause(waitMs, undefined, { signal });
    }
  }
}

/** Finds the span that the collector refuses and leaves it out. */
async function sendHalves(
  spans: readonly ReadableSpan[],
  error: SendError,
  options: SenderOptions,
): Promise<void> {
  if (spans.length === 1) {
    options.say(
      addressOf(options.endpoint),
      `the collector refused a span (${error.message}); it is left out`,
    );
    return;
  }
  const middle = Math.ceil(spans.length / 2);
  await sendBatch(spans.slice(0, middle), options);
  await sendBatch(spans.slice(middle), options);
}
