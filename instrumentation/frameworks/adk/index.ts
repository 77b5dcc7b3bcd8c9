export { AdkInstrumentation } from './adk.ts';
