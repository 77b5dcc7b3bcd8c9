// What a word is beside its neighbours: itself, a value, or part of the value before it.
import { ABSORBED, BOOL, ID, NAME, NUM, TIME, type Tokens, WORD } from './tokens.ts';
import { BEFORE_USER, CLOCK_SUFFIXES, MONTHS, UNITS, WEEKDAYS } from './vocabulary.ts';

const LOWER = 0x20;
const LAST_CAPITAL = 0x5a;
/** Longest name of a month or day: September. */
const MAX_DATE_WORD = 9;

/** The kind of a token that is a word by its form; ABSORBED when the value before it takes it in. */
export function kindAmong(tokens: Tokens, i: number): number {
  const { starts, ends, kinds, text } = tokens;
  const start = starts[i]!;
  const length = ends[i]! - start;
  const before = i > 0 ? kinds[i - 1]! : WORD;
  if (before !== WORD && endsValue(tokens, i, before)) {
    kinds[i] = before;
    return ABSORBED;
  }
  const first = text.charCodeAt(start);
  if (first <= LAST_CAPITAL && length <= MAX_DATE_WORD && isDate(tokens, i, before)) return TIME;
  const lower = first | LOWER;
  if (length === 4 && lower === 0x74 && text.startsWith('rue', start + 1)) return BOOL;
  if (length === 5 && lower === 0x66 && text.startsWith('alse', start + 1)) return BOOL;
  return before === WORD && isUserName(tokens, i) ? NAME : WORD;
}

/** Whether a word behind a value is its unit, or says which half of the day it is. */
function endsValue(tokens: Tokens, i: number, before: number): boolean {
  if (before !== NUM && before !== TIME && before !== ID) return false;
  if (tokens.starts[i]! - tokens.ends[i - 1]! > 1) return false;
  const word = tokens.at(i);
  return CLOCK_SUFFIXES.has(word) || (before !== TIME && UNITS.has(word));
}

function isDate(tokens: Tokens, i: number, before: number): boolean {
  const word = tokens.at(i);
  const next = tokens.kindAt(i + 1);
  if (MONTHS.has(word)) return isClock(before) || isClock(next);
  return WEEKDAYS.has(word) && (isClock(next) || MONTHS.has(tokens.at(i + 1)));
}

function isClock(kind: number): boolean {
  return kind === NUM || kind === TIME;
}

/** Whether "for user", "invalid user" and the like stand before. */
function isUserName(tokens: Tokens, i: number): boolean {
  const { starts, ends, text } = tokens;
  if (i < 2 || ends[i - 1]! - starts[i - 1]! !== 4 || starts[i] !== ends[i - 1]! + 1) return false;
  if (!text.startsWith('user', starts[i - 1])) return false;
  return BEFORE_USER.has(tokens.at(i - 2).toLowerCase());
}

/** The word as it stands behind one thing, where it stands behind a number of them; '' if it is that. */
export function singular(tokens: Tokens, i: number): string {
  const { ends, text } = tokens;
  if (text.charCodeAt(ends[i]! - 1) !== 0x73 || !isCounted(tokens, i)) return '';
  const word = tokens.at(i);
  if (!/^[a-z]{2,60}[^sui]s$/.test(word) && !word.endsWith('ies')) return '';
  return word.endsWith('ies') ? `${word.slice(0, -3)}y` : word.slice(0, -1);
}

/** Whether a number stands before, with at most one word between: "2 errors", "2 failed calls". */
function isCounted(tokens: Tokens, i: number): boolean {
  const { starts, ends, kinds } = tokens;
  if (i < 1 || starts[i] !== ends[i - 1]! + 1) return false;
  if (kinds[i - 1] === NUM) return true;
  if (i < 2 || kinds[i - 1] !== WORD || kinds[i - 2] !== NUM) return false;
  return starts[i - 1] === ends[i - 2]! + 1;
}
