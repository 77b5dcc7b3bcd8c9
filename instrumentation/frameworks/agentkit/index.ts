export { AgentKitInstrumentation } from './agentkit.ts';
