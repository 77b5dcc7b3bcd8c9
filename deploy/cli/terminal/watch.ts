// `--watch`: asks a list again and again until Ctrl-C. A terminal shows the newest answer in place of the
// one before; with --json every item is a line, once, and again when it has changed.

import { setTimeout as wait } from 'node:timers/promises';
import { InvalidInputError, UnavailableError } from '../../../query/base/errors.ts';
import { oneLine } from '../../../query/base/text.ts';
import { jsonText, print, terminalWidth } from './output.ts';
import { styled } from './style.ts';
import { cutToWidth } from './width.ts';

/** One answer: the value, and how it looks in a terminal. */
export interface Shown {
  value: unknown;
  text: string;
}

interface Watching {
  /** Whether to print JSON lines. @default false */
  asJson?: boolean | undefined;
  /** Whether the list has its oldest items first. @default false */
  oldestFirst?: boolean;
}

const USUAL_SECONDS = 2;
const LONGEST_SECONDS = 86_400;
/** Items that are remembered as printed, the latest. */
const REMEMBERED = 20_000;
/** Pages that one round reads at most. */
const PAGES = 100;

/**
 * Shows what `ask` returns until a signal ends the process, which it does with exit code 0.
 *
 * @param ask returns the page after a cursor, or the first one
 * @param every what was given with --watch: seconds, or nothing
 * @throws {InvalidInputError} when `every` is no number of seconds
 * @throws what the first asking throws; later ones may find the service away
 */
export async function watch(
  ask: (cursor?: string) => Promise<Shown>,
  every: string | true,
  { asJson = false, oldestFirst = false }: Watching = {},
): Promise<never> {
  const seconds = secondsOf(every);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(0));
  const show = asJson ? newItems(ask, oldestFirst) : inPlace(ask, seconds);
  await show();
  for (let wasAway = false; ; ) {
    await wait(seconds * 1000);
    try {
      await show();
      wasAway = false;
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      if (!wasAway) console.error(`faultline: ${oneLine(error.message)}`);
      wasAway = true;
    }
  }
}

function secondsOf(every: string | true): number {
  if (every === true) return USUAL_SECONDS;
  const seconds = Number(every);
  if (seconds >= 0.1 && seconds <= LONGEST_SECONDS) return seconds;
  throw new InvalidInputError('watch', `expected 0.1 to ${LONGEST_SECONDS} seconds, got ${every}`);
}

/** Prints what is new or has changed since the round before, oldest first. */
function newItems(
  ask: (cursor?: string) => Promise<Shown>,
  oldestFirst: boolean,
): () => Promise<void> {
  const printed = new Set<string>();
  return async () => {
    const isFirst = printed.size === 0;
    const fresh: string[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < PAGES; page++) {
      const { value } = await ask(cursor);
      const { items = [value], next_cursor } = value as Partial<Listed>;
      const lines = items.map((item) => jsonText(item));
      const unseen = lines.filter((line) => !printed.has(line));
      fresh.push(...unseen);
      cursor = next_cursor ?? undefined;
      // What is older than a page with something known was there in the round before.
      if (isFirst || unseen.length < lines.length || cursor === undefined) break;
    }
    for (const line of oldestFirst ? fresh : fresh.reverse()) {
      process.stdout.write(`${line}\n`);
      printed.add(line);
    }
    for (const line of printed) {
      if (printed.size <= REMEMBERED) break;
      printed.delete(line);
    }
  };
}

interface Listed {
  items: unknown[];
  next_cursor: string | null;
}

const CLEAR = '\u001b[2J\u001b[H';

/** Shows the text from the top of the screen on; where there is no screen, whenever it is another. */
function inPlace(ask: () => Promise<Shown>, seconds: number): () => Promise<void> {
  let before: string | undefined;
  return async () => {
    const { text } = await ask();
    if (!process.stdout.isTTY) {
      if (text !== before) print(before === undefined ? text : `\n${text}`);
      before = text;
      return;
    }
    const about = `every ${seconds} s, ${new Date().toISOString().slice(0, 19)}, Ctrl-C ends`;
    const rows = Math.max(1, (process.stdout.rows || 24) - 3);
    const lines = text.split('\n');
    const left = lines.length - rows;
    const shown = left > 0 ? [...lines.slice(0, rows), `(${left} more lines)`] : lines;
    const head = styled('dim', cutToWidth(about, terminalWidth()));
    process.stdout.write(`${CLEAR}${head}\n${shown.join('\n')}\n`);
  };
}
