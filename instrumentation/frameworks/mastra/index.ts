export { MastraInstrumentation } from './mastra.ts';
export type { MastraInstrumentationConfig } from './types.ts';
