// `faultline mcp`: the history of a query service for a language model, on standard input and output.
import { type Command, Option } from 'commander';
import { version } from './version.ts';

/** Adds the verb to the program. */
export function addMcpVerb(program: Command): void {
  program
    .command('mcp')
    .description('MCP server on standard input and output, over the query service')
    .addOption(
      new Option('--url <url>', 'the query service')
        .default('http://127.0.0.1:4320')
        .env('FAULTLINE_URL'),
    )
    .addOption(
      new Option('--token <token>', 'bearer token of the query service').env('FAULTLINE_TOKEN'),
    )
    .option('--read-only', 'offer no tool that changes something', false)
    .action(async ({ url, token, readOnly }: McpFlags) => {
      const { createClient } = await import('../query/index.ts');
      const { serveMcpOnStdio } = await import('../query/mcp/stdio.ts');
      serveMcpOnStdio({
        history: createClient(token ? { url, token } : { url }),
        version,
        mayChange: !readOnly,
        // Standard output belongs to the protocol.
        report: (error) => console.error(`faultline: ${(error as Error).message}`),
      });
    });
}

interface McpFlags {
  url: string;
  token?: string;
  readOnly: boolean;
}
