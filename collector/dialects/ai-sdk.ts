import { type Dialect, firstText, type Meaning, type SpanView } from './dialect.ts';
import { lastingName } from './names.ts';

const OPERATION = 'ai.operationId';
const MODEL_CALLS = [
  'ai.generateText.doGenerate',
  'ai.streamText.doStream',
  'ai.generateObject.doGenerate',
  'ai.streamObject.doStream',
];
const CALLS = ['ai.generateText', 'ai.streamText', 'ai.generateObject', 'ai.streamObject'];

/** Vercel's AI SDK up to version 6; version 7 speaks GenAI. */
export const aiSdk: Dialect = {
  name: 'ai_sdk',
  title: 'Vercel AI SDK',
  frameworks: ['AI SDK 4 to 6'],
  reference: 'https://ai-sdk.dev/docs/ai-sdk-core/telemetry',
  reports: 'calls with prompts, arguments of tools, the function id as agent',
  hides: 'tries of one call, sessions unless they are metadata',
  prefixes: ['ai.'],
  parts: [{ key: OPERATION, values: CALLS }],
  calls: [{ key: OPERATION, values: { model: MODEL_CALLS, tool: ['ai.toolCall'] } }],
  outputs: ['ai.toolCall.result', 'ai.response.text'],
  finishReasons: ['ai.response.finishReason'],
  toolNames: ['ai.toolCall.name'],
  read(span) {
    const operation = span.text(OPERATION);
    if (operation === '') return undefined;
    return {
      ...partOf(span, operation),
      session: span.text('ai.telemetry.metadata.sessionId'),
      input: firstText(
        span.text('ai.toolCall.args'),
        span.text('ai.prompt.messages'),
        span.text('ai.prompt'),
      ),
    };
  },
};

function partOf(span: SpanView, operation: string): Meaning {
  if (!CALLS.includes(operation)) return { part: 'operation' };
  const agentName = lastingName(span.text('ai.telemetry.functionId'));
  return { part: 'agent', agentName, nodeId: agentName };
}
