// The real SDK with a scripted model behind its real client, and what was recorded of it.
import * as sdk from '@openai/agents';
import type { Tracer } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { z } from 'zod';
import { OpenAIAgentsInstrumentation } from '../../../../instrumentation/index.ts';
import { ModelServer, type Reply } from '../../model-server.ts';
import { Recorder } from '../../recorder.ts';

export const model = new ModelServer();
/** Of the test that runs. */
export let recorder = new Recorder();
export let runner: sdk.Runner;
let client: sdk.OpenAIProvider;

// One wrap for the process; each test looks through the recorder of its own.
const tracer: Tracer = {
  startSpan: (...args) => recorder.tracer.startSpan(...args),
  startActiveSpan: () => {
    throw new Error('must not be used');
  },
};
/** The SDK as the hook of `faultline/register` would give it. */
export const agents = new OpenAIAgentsInstrumentation({ tracer }).manuallyInstrument(sdk);

beforeAll(async () => {
  const baseURL = await model.start();
  client = new sdk.OpenAIProvider({ apiKey: 'none', baseURL });
  // NODE_ENV=test turns the SDK's tracing off. Its own exporter has no key, so it sends nothing.
  sdk.setTracingDisabled(false);
});
afterAll(() => model.stop());
beforeEach(() => {
  recorder = new Recorder();
  model.replies = [];
  model.requests.length = 0;
  runner = newRunner();
});

export function newRunner(config: Partial<sdk.RunConfig> = {}): sdk.Runner {
  return new sdk.Runner({ modelProvider: client, ...config });
}

/** Tells the model what to do, one after the other; then it says `ok`. */
export function script(...replies: Reply[]): void {
  model.replies = replies;
}

export function agent(
  name: string,
  // biome-ignore lint/suspicious/noExplicitAny: handoffs of any output
  more: Partial<sdk.AgentConfiguration<unknown, any>> = {},
): sdk.Agent {
  return new sdk.Agent({
    name,
    instructions: `You are ${name}.`,
    model: 'test-model',
    ...more,
  }) as sdk.Agent;
}

/** A tool `look_up({ id })`. */
export function lookUp(execute: (input: { id: string }) => unknown, more: object = {}) {
  return agents.tool({
    name: 'look_up',
    description: 'Looks an order up.',
    parameters: z.object({ id: z.string() }),
    execute: execute as (input: { id: string }) => Promise<string>,
    ...more,
  });
}

export const callLookUp: Reply = { calls: [{ name: 'look_up', arguments: { id: 'A-17' } }] };

export const fails = (error: unknown) => () => {
  throw error;
};

export const outcome = (): unknown => recorder.run().attributes['graph.run.outcome'];

/** All spans that tell a failure of their own. */
export const failures = (): ReadableSpan[] =>
  recorder.spans.filter(({ attributes }) => attributes['exception.type'] !== undefined);

/** The failures, each by its span's name, class, site and so on. */
export const told = () =>
  failures().map(({ name, attributes }) => ({
    name,
    type: attributes['error.type'],
    message: attributes['exception.message'],
    site: attributes['failure.site'],
    class: attributes['failure.class'],
    disposition: attributes['failure.disposition'],
  }));

// biome-ignore lint/suspicious/noExplicitAny: JSON of tests
export const json = (span: ReadableSpan | undefined, key: string): any =>
  JSON.parse(String(span?.attributes[key]));
