export { OpenAIAgentsInstrumentation } from './openai-agents.ts';
export { agentsSnapshot } from './snapshot.ts';
export type { OpenAIAgentsInstrumentationConfig } from './types.ts';
