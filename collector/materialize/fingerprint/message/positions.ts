// What a token is by where it stands: of the words that could be the code's, those that are values.
import { isCodeWord } from '../vocabulary/words.ts';
import {
  AFTER_NAME,
  ANNOUNCING,
  BEFORE_GOT,
  CLOCK_SUFFIXES,
  MONTHS,
  STATUS_WORDS,
  UNITS,
  WEEKDAYS,
} from './conventions.ts';
import { ERROR_NAME, FOREIGN, formOf, OF_CODE, OF_TYPE, UNKNOWN } from './forms.ts';
import {
  ASIDE,
  BOOL,
  BREAK,
  CODE,
  ID,
  NAME,
  NUM,
  TEXT,
  TIME,
  type Tokens,
  WORD,
} from './tokens.ts';

/** Words of the code that have to stand before a colon for what follows it to be a value. */
const WORDS_BEFORE_TAIL = 3;
/** What stands before a type that the code asks for, not one that it was given. */
const BEFORE_TYPE = new Set(['a', 'an', 'be', 'expected', 'requires']);
/** Types whose names are words too. */
const PROSE_TYPES = new Set(
  'string number object function list array null none true false boolean integer dictionary'.split(
    ' ',
  ),
);
/** What stands before a type or a value that came. */
const BEFORE_VALUE = new Set(
  'is was are not got received found gave returned returns type of to with from and or as than value'.split(
    ' ',
  ),
);
/** The head of an exception inside a message: what follows its colon is what it says. */
const HEAD = /(?:error|exception)$/i;

/** Whether a word stands among those that count only as long as no other does. */
export const weak = new Uint8Array(256);

/** Gives every word that is a value by its place the kind of one. */
export function placeWords(tokens: Tokens): void {
  const { count } = tokens;
  for (let i = 0; i < count; i++) weak[i] = 0;
  for (let start = 0; start < count; ) {
    let end = start;
    while (end < count && tokens.kinds[end] !== BREAK) end++;
    placePart(tokens, start, end);
    start = end + 1;
  }
}

function placePart(tokens: Tokens, start: number, end: number): void {
  const { kinds } = tokens;
  for (let i = start; i < end; i++) if (kinds[i] === WORD) kinds[i] = kindByForm(tokens, i);
  for (let i = start + 1; i < end; i++) if (isGot(tokens, i)) i = endGot(tokens, i, end);
  dropTail(tokens, start, end);
}

/** What a word is by its form, and beside the tokens next to it. */
function kindByForm(tokens: Tokens, i: number): number {
  const before = i > 0 ? tokens.kinds[i - 1]! : WORD;
  if (before !== WORD && isUnit(tokens, i, before)) return before;
  const form = formOf(tokens.at(i));
  if (form === FOREIGN) return WORD;
  if (tokens.depths[i]! > 0) return isCodeWord(tokens.lowerAt(i)) ? ASIDE : TEXT;
  if (isDate(tokens, i)) return TIME;
  if (form === OF_CODE) return WORD;
  if (form === OF_TYPE) {
    if (BEFORE_TYPE.has(tokens.lowerAt(i - 1))) {
      if (isCodeWord(tokens.lowerAt(i))) return WORD;
    } else {
      // Shown as it is, and no part of what distinguishes problems either way.
      return isOfSentence(tokens, i) ? ASIDE : BOOL;
    }
  }
  const isOfCode =
    form > UNKNOWN && (isOfRuntime(tokens, i) || (form === ERROR_NAME && isHead(tokens, i)));
  if (isOfCode) return CODE;
  weak[i] = 1;
  // What nobody knows is shown as it is: it may say more to people than to the table.
  return form === UNKNOWN ? ASIDE : NAME;
}

/** Whether the name of a type is a word of the sentence, not what came: `No object generated`. */
function isOfSentence(tokens: Tokens, i: number): boolean {
  if (!PROSE_TYPES.has(tokens.at(i))) return false;
  const next = tokens.ends[i]!;
  return (
    i > 0 &&
    (tokens.kinds[i - 1] === WORD || tokens.kinds[i - 1] === ASIDE) &&
    !BEFORE_VALUE.has(tokens.lowerAt(i - 1)) &&
    tokens.text.startsWith(' ', next) &&
    tokens.kindAt(i + 1) === WORD
  );
}

/** `x is not defined`, `a.b is not a function`: a runtime speaks of a name of the program. */
function isOfRuntime(tokens: Tokens, i: number): boolean {
  if (tokens.at(i + 1) !== 'is' || tokens.at(i + 2) !== 'not') return false;
  const word = tokens.at(i + 3);
  return AFTER_NAME.has(word === 'a' || word === 'an' ? tokens.at(i + 4) : word);
}

/** `OllamaException - `, `a.TimeoutError: `: the type of an error inside the message. */
function isHead(tokens: Tokens, i: number): boolean {
  const end = tokens.ends[i]!;
  return tokens.text.startsWith(': ', end) || tokens.text.startsWith(' - ', end);
}

/** Whether a word behind a value is its unit, or says which half of the day it is. */
function isUnit(tokens: Tokens, i: number, before: number): boolean {
  if (before !== NUM && before !== TIME && before !== ID) return false;
  if (tokens.starts[i]! - tokens.ends[i - 1]! > 1) return false;
  const word = tokens.at(i);
  return CLOCK_SUFFIXES.has(word) || (before !== TIME && UNITS.has(word));
}

function isDate(tokens: Tokens, i: number): boolean {
  const { starts, ends, text } = tokens;
  if (ends[i]! - starts[i]! > 9 || text.charCodeAt(starts[i]!) > 0x5a) return false;
  const word = tokens.at(i);
  const next = tokens.kindAt(i + 1);
  const isClock = (kind: number): boolean => kind === NUM || kind === TIME;
  if (MONTHS.has(word)) return isClock(i > 0 ? tokens.kinds[i - 1]! : WORD) || isClock(next);
  return WEEKDAYS.has(word) && (isClock(next) || MONTHS.has(tokens.at(i + 1)));
}

function isGot(tokens: Tokens, i: number): boolean {
  return tokens.kinds[i] === WORD && BEFORE_GOT.has(tokens.lowerAt(i));
}

/** Makes a value of what came instead of what was expected. */
function endGot(tokens: Tokens, got: number, end: number): number {
  const next = got + 1;
  if (next >= end || tokens.kinds[next] !== WORD) return got;
  const gap = tokens.text.slice(tokens.ends[got], tokens.starts[next]);
  if (gap !== ' ' && gap !== ': ') return got;
  const word = tokens.lowerAt(got);
  const before = tokens.text.slice(tokens.ends[got - 1], tokens.starts[got]);
  // `expected a, found b`, not `a file was found in`.
  if (word !== 'got' && word !== 'type' && !/[,;.(]/.test(before)) return got;
  tokens.kinds[next] = NAME;
  return next;
}

/** What stands behind the first colon with enough words of the code before it is a value. */
function dropTail(tokens: Tokens, start: number, end: number): void {
  const { kinds } = tokens;
  let words = 0;
  let isTelling = false;
  for (let i = start + 1; i < end; i++) {
    if (kinds[i - 1] === WORD && formOf(tokens.at(i - 1)) !== FOREIGN) {
      words++;
      isTelling ||= !ANNOUNCING.has(tokens.lowerAt(i - 1));
    }
    if (words < WORDS_BEFORE_TAIL || !isBehindColon(tokens, i)) continue;
    if (HEAD.test(tokens.at(i - 1))) continue;
    if (!isTelling) {
      words = 0;
      continue;
    }
    for (let j = i; j < end; j++) {
      // A status or code right behind the colon says what went wrong; one further on is of what is quoted.
      if (kinds[j] === WORD || (kinds[j] === CODE && !isFirst(tokens, i, j))) kinds[j] = TEXT;
      weak[j] = 0;
    }
    return;
  }
}

/** Whether a code begins what stands behind the colon: `404`, `Status 404`. */
function isFirst(tokens: Tokens, begin: number, i: number): boolean {
  if (i === begin) return true;
  const isBeside =
    tokens.starts[i] === tokens.ends[begin]! + 1 && tokens.text[tokens.ends[begin]!] === ' ';
  return i === begin + 1 && isBeside && STATUS_WORDS.has(tokens.lowerAt(begin));
}

/** Whether a colon and a blank stand between a token and the one before, outside of brackets. */
function isBehindColon({ depths, ends, starts, text }: Tokens, i: number): boolean {
  if (depths[i - 1]! > 0) return false;
  let colon = ends[i - 1]!;
  while (colon < starts[i]! && text.charCodeAt(colon) !== 0x3a) colon++;
  return colon < starts[i]! && text.charCodeAt(colon + 1) <= 0x20;
}
