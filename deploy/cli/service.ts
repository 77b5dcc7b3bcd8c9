// What all verbs share that ask the query service: its address, filters, and how an answer is printed.
import { type Command, Option } from 'commander';
import { describePartial } from '../../query/base/partial.ts';
import type { History } from '../../query/history.ts';
import { print, printJson } from './terminal/output.ts';
import type { Shown } from './terminal/watch.ts';

export interface ServiceOptions {
  url: string;
  token?: string;
  json?: boolean;
}

/** Adds the address of the query service and what it asks for. */
export function atService(command: Command): Command {
  return command
    .addOption(
      new Option('--url <url>', 'the query service')
        .default('http://127.0.0.1:4320')
        .env('FAULTLINE_URL'),
    )
    .addOption(
      new Option('--token <token>', 'bearer token of the query service').env('FAULTLINE_TOKEN'),
    );
}

/** Adds the options of every verb that asks. */
export const service = (command: Command): Command =>
  atService(command).option('--json', 'print JSON');

/** Adds a verb that lists. `isPaged`: whether one can go on where the list ended. */
export function list(program: Command, name: string, description: string, isPaged = true): Command {
  const verb = service(program.command(name))
    .description(description)
    .option('--since <when>', 'ISO 8601 time, or how long ago: 30m, 24h, 7d')
    .option('--limit <n>', 'how many at most', '20');
  if (isPaged) verb.option('--cursor <cursor>', 'go on after a list: its next_cursor in --json');
  return watched(verb);
}

/** Adds --watch. */
export const watched = (verb: Command): Command =>
  verb.option('--watch [seconds]', 'ask again every 2 s; with --json print lines of what is new');

/** Opens the history that the options name, asks, and closes it. */
export async function asking<T>(
  { url, token }: ServiceOptions,
  ask: (history: History) => Promise<T>,
): Promise<T> {
  // Loaded here, so that help does without it.
  const { createClient } = await import('../../query/http/client.ts');
  const { noticingPartial } = await import('../../query/history.ts');
  const history = createClient({ url, fresh: true, ...(token && { token }) });
  let said = '';
  const noticing = noticingPartial(history, (partial) => {
    const line = `partial answer: ${describePartial(partial)}, so rows are missing and counts are too low`;
    if (line !== said) process.stderr.write(`faultline: ${line}\n`);
    said = line;
  });
  const answer = await ask(noticing);
  await history.close();
  return answer;
}

/** Makes a commander action of a question: opens the history, asks, prints, closes. */
export function answer<O extends object>(
  ask: (history: History, options: O) => Promise<Shown>,
): (options: ServiceOptions & O & { watch?: string | true }) => Promise<void> {
  return (options) =>
    asking(options, async (history) => {
      if (options.watch !== undefined) {
        const page = (cursor?: string) =>
          ask(history, cursor === undefined ? options : { ...options, cursor });
        const { watch } = await import('./terminal/watch.ts');
        return watch(page, options.watch, { asJson: options.json });
      }
      const { value, text } = await ask(history, options);
      if (options.json) printJson(value);
      else print(text);
    });
}

export interface ListFlags {
  cursor?: string;
  limit: string;
}

const OWN = new Set(['url', 'token', 'json', 'watch']);

/**
 * Flags as the fields of a question: `--max-age` is `max_age`. Values stay text, in which the question itself
 * finds its numbers; it also refuses what it does not know.
 */
export function filters<Options extends object>(flags: object): Options {
  const fields = Object.entries(flags)
    .filter(([flag, value]) => !OWN.has(flag) && value !== undefined && value !== '')
    .map(([flag, value]) => [
      flag.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]);
  return Object.fromEntries(fields) as Options;
}
