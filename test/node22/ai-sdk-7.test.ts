// The AI SDK 7, through its real provider and a scripted model.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import * as ai from 'ai';
import { describe, expect, test } from 'vitest';
import { aiSdkTelemetry, instrumentAiSdk } from '../../dist/instrumentation/index.js';
import { aiSdkCases } from '../instrumentation/frameworks/ai-sdk/ai-sdk-cases.ts';
import { aiSdkLoopCases } from '../instrumentation/frameworks/ai-sdk/ai-sdk-loop-cases.ts';
import { aiSdkModelCases } from '../instrumentation/frameworks/ai-sdk/ai-sdk-model-cases.ts';
import { World } from '../instrumentation/frameworks/ai-sdk/ai-sdk-world.ts';

const world = new World((tracer) => ({
  version: 7,
  ai: instrumentAiSdk(ai, { tracer }),
  createOpenAICompatible: createOpenAICompatible as never,
}));

describe('calls and tools', () => aiSdkCases(world));
describe('agents and loops', () => aiSdkLoopCases(world));
describe('models', () => aiSdkModelCases(world));

test('the integration is one in the eyes of the compiler too', () => {
  const telemetry: ai.Telemetry = aiSdkTelemetry();
  expect(Object.keys(telemetry)).toContain('onStepError');
});
