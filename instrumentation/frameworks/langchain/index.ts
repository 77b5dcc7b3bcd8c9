export { LangChainInstrumentation } from './langchain.ts';
