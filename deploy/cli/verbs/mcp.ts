// `faultline mcp`: the history of a query service for a language model, on standard input and output.

import { type Command, Option } from 'commander';
import { oneLine } from '../../../query/base/text.ts';
import type { AnswerForm } from '../../../query/mcp/server.ts';
import { version } from '../../version.ts';
import { atService } from '../service.ts';
import { examples } from '../terminal/help.ts';

/** Adds the verb to the program. */
export function addMcpVerb(program: Command): void {
  examples(
    atService(program.command('mcp')),
    'faultline mcp --read-only',
    'claude mcp add faultline -- npx faultline mcp',
  )
    .description('MCP server on standard input and output, over the query service')
    .option('--json', 'speak JSON, as it does anyway')
    .option('--read-only', 'offer no tool that changes something', false)
    .addOption(
      new Option('--answers <form>', 'text for a language model, or data for a program')
        .choices(['text', 'data'])
        .default('text'),
    )
    .action(async ({ url, token, readOnly, answers }: McpFlags) => {
      const { createClient } = await import('../../../query/index.ts');
      const { serveMcpOnStdio } = await import('../../../query/mcp/stdio.ts');
      serveMcpOnStdio({
        history: createClient({ url, fresh: true, ...(token && { token }) }),
        version,
        mayChange: !readOnly,
        answers,
        // Standard output belongs to the protocol.
        report: (error) => console.error(`faultline: ${oneLine((error as Error).message)}`),
      });
    });
}

interface McpFlags {
  url: string;
  token?: string;
  readOnly: boolean;
  answers: AnswerForm;
}
