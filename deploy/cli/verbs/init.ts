// `faultline init`: sets the repository up for the coding agents that work in it.
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { InvalidInputError } from '../../../query/base/errors.ts';
import { manyLines } from '../../../query/base/text.ts';
import type { InitResult } from '../../init/init.ts';
import { examples } from '../terminal/help.ts';
import { print, printJson } from '../terminal/output.ts';

const CLIENTS = ['claude-code', 'cursor', 'vscode', 'codex'];

interface InitFlags {
  url: string;
  client?: string[];
  withToken: boolean;
  dryRun: boolean;
  json?: boolean;
}

/** Adds the verb to the program. */
export function addInitVerb(program: Command): void {
  examples(
    program.command('init'),
    'faultline init',
    'faultline init --client claude-code --client codex --dry-run',
  )
    .description('writes MCP settings, a skill and a passage for AGENTS.md into a repository')
    .argument('[dir]', 'the repository', '.')
    .addOption(
      new Option('--url <url>', 'the query service')
        .env('FAULTLINE_URL')
        .default('http://127.0.0.1:4320'),
    )
    .addOption(
      new Option('--client <name...>', 'only these coding agents (default: all)').choices(CLIENTS),
    )
    .option('--with-token', 'the service asks for a token, read from FAULTLINE_TOKEN', false)
    .option('--dry-run', 'write nothing, print what would be written', false)
    .option('--json', 'print JSON')
    .action(async (dir: string, flags: InitFlags) => {
      const { initRepository } = await import('../../init/init.ts');
      const results = initRepository({
        folder: resolve(dir),
        mcpUrl: mcpUrl(flags.url),
        clients: flags.client ?? CLIENTS,
        token: flags.withToken,
        dryRun: flags.dryRun,
      });
      if (flags.json) printJson({ files: results });
      else print(results.map((result) => describe(result, flags.dryRun)).join('\n'));
      if (results.some(({ action }) => action === 'refused')) process.exitCode = 1;
    });
}

function mcpUrl(url: string): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new InvalidInputError('--url', `expected an http or https address, got "${url}"`);
  }
  return `${url.replace(/\/+$/, '')}/mcp`;
}

function describe({ path, action, reason, add, text }: InitResult, withText: boolean): string {
  const indented = (block: string) => `\n${manyLines(block.trimEnd()).replace(/^/gm, '    ')}`;
  if (action === 'refused') {
    return `left       ${path}: ${reason}${add ? `; add by hand:${indented(add)}` : ''}`;
  }
  return `${action.padEnd(10)} ${path}${withText && text ? indented(text) : ''}`;
}
