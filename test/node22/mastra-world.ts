// Mastra's real package, and what was recorded of it.
import * as workflows from '@mastra/core/workflows';
import { beforeEach } from 'vitest';
import { z } from 'zod';
import { MastraInstrumentation } from '../../dist/instrumentation/index.js';
import { Recorder } from '../instrumentation/recorder.ts';

export const recorder = new Recorder();
const { createStep, createWorkflow } = new MastraInstrumentation({
  tracer: recorder.tracer,
}).manuallyInstrument(workflows);
beforeEach(() => recorder.clear());

const any = z.any();
export type Execute = Parameters<typeof createStep>[0]['execute'];

export const step = (id: string, execute: Execute, more: object = {}) =>
  createStep({ id, inputSchema: any, outputSchema: any, execute, ...more });

export const workflow = (id: string) => createWorkflow({ id, inputSchema: any, outputSchema: any });

export const say = (word: string) => async () => word;

export function failing(times: number, error: () => unknown): Execute {
  let calls = 0;
  return async () => {
    calls += 1;
    if (calls <= times) throw error();
    return 'fine';
  };
}

// biome-ignore lint/suspicious/noExplicitAny: workflows of any types
export async function start(committed: any, inputData: unknown = { order: 7 }, more: object = {}) {
  const run = await committed.createRun(more);
  return { run, result: await run.start({ inputData }) };
}

export const outcome = () => recorder.run().attributes['graph.run.outcome'];

export const nodes = () => recorder.attempts().map(({ name }) => name.replace('execute_node ', ''));

/** All spans that tell a failure of their own. */
export const failures = () =>
  recorder.spans.filter(({ attributes }) => attributes['exception.type'] !== undefined);

export const told = (nodeId?: string) =>
  recorder.attempts(nodeId).map(({ name, attributes, status }) => ({
    name,
    attempt: attributes['graph.node.attempt'],
    failed: status.code === 2,
    type: attributes['error.type'],
    disposition: attributes['failure.disposition'],
  }));
