// What all verbs share that ask the query service: its address, filters, and how an answer is printed.
import { type Command, Option } from 'commander';
import type { History } from '../history.ts';
import { createClient } from '../http/client.ts';
import { print, printJson } from './output.ts';

export interface ServiceOptions {
  url: string;
  token?: string;
  json?: boolean;
}

/** Adds the options of every verb that asks. */
export function service(command: Command): Command {
  return command
    .addOption(
      new Option('--url <url>', 'the query service')
        .default('http://127.0.0.1:4320')
        .env('FAULTLINE_URL'),
    )
    .addOption(
      new Option('--token <token>', 'bearer token of the query service').env('FAULTLINE_TOKEN'),
    )
    .option('--json', 'print JSON');
}

/** Adds a verb that lists. */
export function list(program: Command, name: string, description: string): Command {
  return service(program.command(name))
    .description(description)
    .option('--since <when>', 'ISO 8601 time, or how long ago: 30m, 24h, 7d')
    .option('--limit <n>', 'how many at the most', '20');
}

/** Opens the history that the options name, asks, and closes it. */
export async function asking<T>(
  { url, token }: ServiceOptions,
  ask: (history: History) => Promise<T>,
): Promise<T> {
  const history = createClient(token ? { url, token } : { url });
  const answer = await ask(history);
  await history.close();
  return answer;
}

/** Makes a commander action of a question: opens the history, asks, prints, closes. */
export function answer<O extends object>(
  ask: (history: History, options: O) => Promise<{ value: unknown; text: string }>,
): (options: ServiceOptions & O) => Promise<void> {
  return async (options) => {
    const { value, text } = await asking(options, (history) => ask(history, options));
    if (options.json) printJson(value);
    else print(text);
  };
}

export interface ListFlags {
  agent?: string;
  node?: string;
  since?: string;
  limit: string;
}

export const filters = ({ agent, node, since, limit }: ListFlags) => ({
  ...(agent ? { agent } : {}),
  ...(node ? { node } : {}),
  ...(since ? { since } : {}),
  limit: Number(limit),
});
