// The template of a message: its words, and a placeholder for what varies from time to time.

import { isCommonWord } from '../vocabulary/words.ts';
import { BREAK_MARK, CODE_MARK } from './body.ts';
import { placeWords, weak } from './positions.ts';
import { reduced } from './reduce.ts';
import { scan } from './scanner.ts';
import { ASIDE, BREAK, CODE, PLACEHOLDERS, Tokens, WORD } from './tokens.ts';

export interface Template {
  /** For people: words and punctuation as they were, placeholders such as `<num>`. */
  text: string;
  /** For comparison: words of the code and codes, in lower case; other words where there is none of these. */
  key: string;
  /** Of these what counts beside the place where it was raised. */
  sure: string;
  /** All words, names and codes outside of quotes, for rules that look for what they know. */
  words: string;
}

/** Characters of punctuation between two tokens, and of a message without any. */
const MAX_GAP = 12;
/** Below that many, names and words that the table does not know count as well. */
const FEW_WORDS = 2;
const SPACE = 0x20;

const tokens = new Tokens();

/** Work and result are bounded, whatever the message is. */
export function templateOf(message: string): Template {
  scan(reduced(message), tokens);
  if (tokens.count === 0) {
    const rest = tokens.text.trim().slice(0, MAX_GAP);
    return { text: rest, key: rest, sure: rest, words: '' };
  }
  const words = allWords();
  placeWords(tokens);
  const keys = keyOf();
  return { text: textOf(), ...keys, words };
}

function allWords(): string {
  let words = '';
  for (let i = 0; i < tokens.count; i++) {
    const kind = tokens.kinds[i];
    if (kind === WORD || kind === CODE) words += ` ${tokens.at(i)}`;
    else if (kind === BREAK) words += ' |';
  }
  return words.slice(1).toLowerCase();
}

function keyOf(): { key: string; sure: string } {
  const { kinds, count } = tokens;
  let key = '';
  let sure = '';
  let words = 0;
  for (let i = 0; i < count; i++) {
    if (kinds[i] === CODE) {
      key += ` ${tokens.at(i)}`;
      sure += ` ${tokens.at(i)}`;
      words++;
    } else if (kinds[i] === WORD) {
      const word = counted(i);
      key += ` ${word}`;
      words++;
      if (isCommonWord(word)) sure += ` ${word}`;
    }
  }
  // Hardly anything that the table knows: another language, or a message of one's own.
  if (words < FEW_WORDS) {
    for (let i = 0; i < count; i++) {
      if (!weak[i]) continue;
      key += ` ${tokens.at(i)}`;
      kinds[i] = WORD;
    }
  }
  return { key: key.slice(1), sure: sure.slice(1) };
}

/** The word in lower case; behind a number of them as it stands behind one. */
function counted(i: number): string {
  const word = tokens.lowerAt(i);
  if (!word.endsWith('s') || word.length < 4 || word.endsWith('ss') || !isCounted(i)) return word;
  return word.endsWith('ies') ? `${word.slice(0, -3)}y` : word.slice(0, -1);
}

/** Whether a number stands before, with at most one word between: "2 errors", "2 failed calls". */
function isCounted(i: number): boolean {
  const isNumber = (at: number): boolean => at >= 0 && /^\d+$/.test(tokens.at(at));
  return isNumber(i - 1) || (tokens.kindAt(i - 1) === WORD && isNumber(i - 2));
}

function textOf(): string {
  const { starts, ends, kinds, count } = tokens;
  let text = '';
  let end = 0;
  let wasValue = false;
  for (let i = 0; i < count; i++) {
    const kind = kinds[i]!;
    const start = starts[i]!;
    if (kind === BREAK) {
      end = ends[i]!;
      wasValue = false;
      continue;
    }
    if (kind === WORD || kind === CODE || kind === ASIDE) {
      text += gap(end, start) + tokens.at(i);
      wasValue = false;
    } else {
      if (!wasValue) text += gap(end, start) + PLACEHOLDERS[kind];
      wasValue = true;
    }
    end = ends[i]!;
  }
  return (text + tail(end)).trim();
}

/** The punctuation behind the last token, on its line. */
function tail(from: number): string {
  if (tokens.isFull) return '';
  const rest = tokens.text.slice(from, from + MAX_GAP).split('\n', 1)[0]!;
  return clean(rest).trimEnd();
}

function gap(from: number, to: number): string {
  if (to === from) return '';
  const { text } = tokens;
  if (to === from + 1 && text.charCodeAt(from) <= SPACE) return ' ';
  const between = clean(text.slice(from, Math.min(to, from + MAX_GAP)));
  return between.replace(/\s+/g, (spaces) => (spaces.includes('\n') ? '\n' : ' '));
}

/** Without the marks of the readers. */
function clean(text: string): string {
  return text.replaceAll(BREAK_MARK, ' ').replaceAll(CODE_MARK, '');
}
