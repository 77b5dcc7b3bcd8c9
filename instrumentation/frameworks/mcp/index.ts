export { McpInstrumentation } from './mcp.ts';
