export { LangGraphInstrumentation } from './langgraph.ts';
export { langGraphSnapshot } from './snapshot.ts';
export type { LangGraphInstrumentationConfig } from './types.ts';
