export { LlamaIndexInstrumentation } from './llamaindex.ts';
