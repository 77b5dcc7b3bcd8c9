// The AI SDK 6, through its real provider and a scripted model.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import * as ai from 'ai';
import { describe, expect, test } from 'vitest';
import { instrumentAiSdk, instrumentGraph } from '../../../../instrumentation/index.ts';
import { aiSdkCases } from './ai-sdk-cases.ts';
import { aiSdkLoopCases } from './ai-sdk-loop-cases.ts';
import { aiSdkModelCases } from './ai-sdk-model-cases.ts';
import { World } from './ai-sdk-world.ts';

const world = new World((tracer) => ({
  version: 6,
  ai: instrumentAiSdk(ai, { tracer }),
  createOpenAICompatible: createOpenAICompatible as never,
}));

describe('calls and tools', () => aiSdkCases(world));
describe('agents and loops', () => aiSdkLoopCases(world));
describe('models', () => aiSdkModelCases(world));

test('a call inside a node of another graph is a run below it', async () => {
  const { tracer } = world.recorder;
  const graph = instrumentGraph({ agentId: 'outer', graph: { id: 'outer' }, tracer });
  await graph.run({}, (run) =>
    run.node('ask', {}, () => world.sdk.ai.generateText({ model: world.model, prompt: 'hi' })),
  );
  const [node] = world.recorder.attempts('ask');
  const inner = world.recorder.spans.find(({ name }) => name === 'execute_graph ai-sdk');
  expect(inner!.parentSpanContext?.spanId).toBe(node!.spanContext().spanId);
});
