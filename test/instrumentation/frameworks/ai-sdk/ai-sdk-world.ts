// An AI SDK with a scripted model behind its real provider, and what was recorded of it. For both versions:
// the tests of version 7 run in test/node22.
import type { Tracer } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach } from 'vitest';
import { z } from 'zod';
import { ModelServer, type Reply } from '../../model-server.ts';
import { Recorder } from '../../recorder.ts';

/** The parts of a version that differ. */
export interface Sdk {
  version: 6 | 7;
  /** What `instrumentAiSdk` gives. */
  // biome-ignore lint/suspicious/noExplicitAny: two versions with types of their own
  ai: any;
  // biome-ignore lint/suspicious/noExplicitAny: two versions with types of their own
  createOpenAICompatible: (settings: object) => any;
}

export class World {
  /** Of the test that runs, as the recorder: no late request of another one comes to it. */
  server = new ModelServer();
  recorder = new Recorder();
  // biome-ignore lint/suspicious/noExplicitAny: two versions with types of their own
  model: any;
  readonly sdk: Sdk;

  constructor(make: (tracer: Tracer) => Sdk) {
    // One wrap for the process; each test looks through the recorder of its own.
    this.sdk = make({
      startSpan: (...args) => this.recorder.tracer.startSpan(...args),
      startActiveSpan: () => {
        throw new Error('must not be used');
      },
    });
    beforeEach(async () => {
      this.recorder = new Recorder();
      this.server = new ModelServer();
      this.model = this.modelAt(await this.server.start());
    });
    afterEach(() => this.server.stop());
  }

  modelAt(baseURL: string) {
    const provider = this.sdk.createOpenAICompatible({ name: 'test', baseURL, apiKey: 'none' });
    return provider('test-model');
  }

  /** Tells the model what to do, one after the other; then it says `ok`. */
  script(...replies: Reply[]): void {
    this.server.replies = replies;
  }

  /** A tool `look_up({ id })`. */
  lookUp(execute: (input: { id: string }) => unknown, more: object = {}) {
    const inputSchema = z.object({ id: z.string() });
    return this.sdk.ai.tool({ description: 'Looks an order up.', inputSchema, execute, ...more });
  }

  /** Lets the loop take that many steps. */
  steps(count: number) {
    return this.sdk.ai.stepCountIs(count);
  }

  /** The name of a call, as each version takes it. */
  named(functionId: string, more: object = {}) {
    const telemetry = { functionId, ...more };
    return this.sdk.version === 6 ? { experimental_telemetry: telemetry } : { telemetry };
  }

  get outcome(): unknown {
    return this.recorder.run().attributes['graph.run.outcome'];
  }

  /** The failures, each by its span's name, class, site and so on. */
  get told() {
    return this.failures.map(({ name, attributes }) => ({
      name,
      type: attributes['exception.type'],
      message: attributes['exception.message'],
      site: attributes['failure.site'],
      class: attributes['failure.class'],
      disposition: attributes['failure.disposition'],
    }));
  }

  /** All spans that tell a failure of their own. */
  get failures(): ReadableSpan[] {
    return this.recorder.spans.filter(({ attributes }) => attributes['exception.type']);
  }
}

/** An answer that makes the SDK try again at once. */
export const tryAgain = (status: number, error: string): Reply => ({
  status,
  error,
  headers: { 'retry-after-ms': '1' },
});

export const callLookUp = (given: unknown = { id: 'A-17' }): Reply => ({
  calls: [{ name: 'look_up', arguments: given }],
});

/** Reads a stream to its end; what it throws on the way is given. */
export async function drain(stream: AsyncIterable<unknown>): Promise<unknown> {
  try {
    for await (const _ of stream);
    return undefined;
  } catch (error) {
    return error;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: JSON of tests
export const json = (span: ReadableSpan | undefined, key: string): any =>
  JSON.parse(String(span?.attributes[key]));
