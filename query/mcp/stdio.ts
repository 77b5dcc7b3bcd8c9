// MCP over standard input and output.
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createMcpServer, type McpOptions } from './server.ts';

/** Serves one client until it closes standard input. Nothing else may write to standard output. */
export function serveMcpOnStdio(options: McpOptions): void {
  serveStdio(() => createMcpServer(options), { onerror: options.report });
}
