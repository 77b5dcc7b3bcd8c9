// The template of a message: its words, and a placeholder for what varies from time to time.
import { kindAmong, singular } from './neighbours.ts';
import { scan } from './scanner.ts';
import { ABSORBED, PLACEHOLDERS, Tokens, WORD } from './tokens.ts';

export interface Template {
  /** For people: words and punctuation as they were, placeholders such as `<num>`. */
  text: string;
  /** For comparison: the words, with one mark for values in a row, whatever their kind and number. */
  key: string;
}

/** The mark of values. No word is it: it would be punctuation. */
const VALUE = '*';
/** Characters of punctuation between two tokens, and of a message without any. */
const MAX_GAP = 12;

const SPACE = 0x20;
const EQUALS = 0x3d;

const tokens = new Tokens();

/** Work and result are bounded, whatever the message is. */
export function templateOf(message: string): Template {
  scan(message, tokens);
  if (tokens.count === 0) {
    const rest = tokens.text.trim().slice(0, MAX_GAP);
    return { text: rest, key: rest };
  }
  const { starts, ends, kinds, count } = tokens;
  let text = '';
  let key = '';
  let end = 0;
  let wasValue = false;
  // Words with one blank between them are taken together.
  let run = -1;
  for (let i = 0; i < count; i++) {
    const start = starts[i]!;
    let kind = kinds[i]!;
    let word = '';
    if (kind === WORD) {
      kind = kindAmong(tokens, i);
      if (kind === WORD) word = singular(tokens, i);
      if (kind !== ABSORBED) kinds[i] = kind;
    }
    const goesOn = kind === WORD && word === '' && start === end + 1 && isSpace(end);
    if (run !== -1 && !goesOn) {
      const words = tokens.text.slice(run, end);
      text += words;
      key = key === '' ? words : `${key} ${words}`;
      run = -1;
    }
    if (kind === WORD) {
      if (run === -1) text += gap(end, start);
      if (word !== '') {
        text += word;
        key = `${key} ${word}`;
      } else if (run === -1) run = start;
      wasValue = false;
    } else if (kind !== ABSORBED) {
      if (!wasValue) {
        text += gap(end, start) + PLACEHOLDERS[kind];
        key = key === '' ? VALUE : `${key} ${VALUE}`;
      }
      wasValue = true;
    }
    end = ends[i]!;
    if (run !== -1 && lacksValue(i)) {
      const words = tokens.text.slice(run, end);
      text += words;
      key = key === '' ? `${words} ${VALUE}` : `${key} ${words} ${VALUE}`;
      run = -1;
      wasValue = true;
    }
  }
  if (run !== -1) {
    const words = tokens.text.slice(run, end);
    text += words;
    key = key === '' ? words : `${key} ${words}`;
  }
  const whole = end < tokens.text.length ? text + tail(end) : text;
  return { text: whole.trimStart(), key };
}

function isSpace(i: number): boolean {
  return tokens.text.charCodeAt(i) === SPACE;
}

/** Whether the word is a key with `=` and no value behind it. */
function lacksValue(i: number): boolean {
  const { text, starts, ends } = tokens;
  const end = ends[i]!;
  const equals = isSpace(end) ? end + 1 : end;
  if (text.charCodeAt(equals) !== EQUALS) return false;
  if (text[equals + 1] === '=' || text[equals + 1] === '>') return false;
  if (i + 1 >= tokens.count) return true;
  if (tokens.kinds[i + 1] !== WORD || starts[i + 1] === equals + 1) return false;
  return text.charCodeAt(ends[i + 1]!) === EQUALS;
}

/** The punctuation behind the last token, on its line. */
function tail(from: number): string {
  if (tokens.isFull) return '';
  return tokens.text
    .slice(from, from + MAX_GAP)
    .split('\n', 1)[0]!
    .trimEnd();
}

function gap(from: number, to: number): string {
  if (to === from) return '';
  const { text } = tokens;
  if (to === from + 1) return text.charCodeAt(from) <= SPACE ? ' ' : text[from]!;
  const between = text.slice(from, Math.min(to, from + MAX_GAP));
  // Most are a sign and a blank.
  if (to === from + 2 && text.charCodeAt(from) > SPACE) {
    return text.charCodeAt(to - 1) === SPACE ? between : between.replace(/\s/, '\n');
  }
  return between.replace(/\s+/g, (spaces) => (spaces.includes('\n') ? '\n' : ' '));
}
