/** What a statement is: an INSERT that waits for data, and how it reads that data from a file. */
import { tokens } from './lexer.ts';

/** An INSERT whose rows follow the statement or come in the request's body. */
export interface InsertHead {
  /** `INSERT INTO t (a, b)`. */
  target: string;
  /** `SETTINGS …`, or empty. */
  settings: string;
  /** Input format, `Values` for the keyword VALUES. */
  format: string;
  /** Index in the text where the data begins. */
  dataStart: number;
}

/**
 * Splits an INSERT that brings its rows as data from the rows.
 * Undefined for every other statement, INSERT … SELECT among them.
 */
export function insertHead(sql: string): InsertHead | undefined {
  let depth = 0;
  let first = true;
  let settingsAt: number | undefined;
  let formatAt: number | undefined;
  for (const token of tokens(sql)) {
    const word = token.kind === 'word' ? token.text.toUpperCase() : '';
    if (first && word !== 'INSERT') return undefined;
    first = false;
    if (token.text === '(' && token.kind === 'punctuation') depth += 1;
    if (token.text === ')' && token.kind === 'punctuation') depth -= 1;
    if (depth > 0) continue;
    if (formatAt !== undefined) {
      if (token.kind !== 'word') return undefined;
      return head(sql, settingsAt, formatAt, token.text, afterFormat(sql, token.end));
    }
    if (word === 'SELECT' || word === 'WITH' || word === 'INFILE') return undefined;
    if (word === 'SETTINGS') settingsAt ??= token.start;
    if (word === 'FORMAT') formatAt = token.start;
    if (word === 'VALUES') return head(sql, settingsAt, token.start, 'Values', token.end);
  }
  return undefined;
}

function head(
  sql: string,
  settingsAt: number | undefined,
  end: number,
  format: string,
  dataStart: number,
): InsertHead {
  const target = sql.slice(0, settingsAt ?? end).trimEnd();
  const settings = settingsAt === undefined ? '' : sql.slice(settingsAt, end).trimEnd();
  return { target, settings, format, dataStart };
}

/** Data begins behind the first newline if only space stands before it, else behind the space. */
function afterFormat(sql: string, end: number): number {
  const space = /[ \t\r\v\f]*\n?/y;
  space.lastIndex = end;
  space.exec(sql);
  return space.lastIndex;
}

/** The same INSERT with its rows read from `file`, a plain name in the engine's working folder. */
export function insertFromFile(insert: InsertHead, file: string): string {
  return `${insert.target}\nFROM INFILE '${file}' ${insert.settings} FORMAT ${insert.format}`;
}

/** First word of a statement in capitals, e.g. `SELECT`, `WITH`, `SHOW`; `(` for a bracket. */
export function verb(sql: string): string {
  const first = tokens(sql).next().value;
  return first ? first.text.toUpperCase() : '';
}

/** The output format that the statement itself names, for the response's header. */
export function namedFormat(sql: string): string | undefined {
  if (!/format/i.test(sql)) return undefined;
  let depth = 0;
  let found: string | undefined;
  let afterFormatWord = false;
  for (const token of tokens(sql)) {
    if (token.text === '(' && token.kind === 'punctuation') depth += 1;
    if (token.text === ')' && token.kind === 'punctuation') depth -= 1;
    if (afterFormatWord && token.kind === 'word') found = token.text;
    afterFormatWord = depth === 0 && token.kind === 'word' && /^format$/i.test(token.text);
  }
  return found;
}
