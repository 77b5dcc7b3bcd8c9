// What stands in quotes: mostly a value. Names of the program's own code, as runtimes quote them, and
// the lines of requests and statuses distinguish problems.
import { closerOf, DIGIT, kindOf, LETTER } from './characters.ts';
import { CODE_NOUNS, HTTP_METHODS } from './conventions.ts';
import { MAX_CHARS, type Tokens } from './tokens.ts';

const APOSTROPHE = 0x27;
const BACKTICK = 0x60;

/** How a quote at an offset is to be read. */
export const MARK = 0;
export const OPENS_VALUE = 1;
export const OPENS_WORDS = 2;
export const OPENS_NAME = 3;

/** Longest name of code that is taken whole. */
const MAX_NAME = 80;

/** The quotes of one message. */
export class Quotes {
  /** Where the quote that was read last closes. */
  close = -1;
  /** A request line was quoted, as in a server's access log. */
  hasRequest = false;
  readonly #text: string;
  readonly #tokens: Tokens;
  /** Where quotes close whose words are being read. */
  readonly #closings: number[] = [];
  /** Closers that do not come again. */
  #missing = '';
  #lastCloser = '';

  constructor(tokens: Tokens) {
    this.#text = tokens.text;
    this.#tokens = tokens;
  }

  read(i: number): number {
    if (this.#closings.at(-1) === i) {
      this.#closings.pop();
      return MARK;
    }
    const code = this.#text.charCodeAt(i);
    if (code === APOSTROPHE && isWordChar(this.#text, i - 1)) return MARK;
    this.close = this.#closerAfter(i, closerOf(code));
    // Ruby opened with a backtick and closed with an apostrophe.
    if (this.close === -1 && code === BACKTICK) this.close = this.#closerAfter(i, "'");
    if (this.close === -1 && this.#isCut(i, code)) {
      this.close = this.#text.length - 1;
      return OPENS_VALUE;
    }
    if (this.close <= i + 1 || this.close === this.#closings.at(-1)) return MARK;
    const kind = this.#kindAt(i);
    if (kind === OPENS_WORDS) this.#closings.push(this.close);
    return kind;
  }

  /** Where the quote closes: not escaped, and an apostrophe not within a word; -1 if nowhere. */
  #closerAfter(open: number, closer: string): number {
    const text = this.#text;
    if (this.#missing.includes(closer)) return -1;
    // Within a quote that closes alike, what it skipped is skipped again.
    if (closer === this.#lastCloser && this.close > open) return this.close;
    this.#lastCloser = closer;
    let at = text.indexOf(closer, open + 1);
    while (at !== -1) {
      const isInWord = closer === "'" && isWordChar(text, at + 1);
      if (!isInWord && text[at - 1] !== '\\') return at;
      at = text.indexOf(closer, at + 1);
    }
    this.#missing += closer;
    return -1;
  }

  /** Whether the quote was open when the message was cut: somewhere, or where reading it ends. */
  #isCut(open: number, code: number): boolean {
    if (!isWordChar(this.#text, open + 1) || isWordChar(this.#text, open - 1)) return false;
    return code !== APOSTROPHE || this.#text.length >= MAX_CHARS;
  }

  #kindAt(open: number): number {
    const text = this.#text;
    const { close } = this;
    const left = besides(text, open, -1);
    const right = besides(text, close, 1);
    // A message that is all quote, and the key that is all that a KeyError says.
    if (left === '' && right === '')
      return isName(text, open + 1, close) ? OPENS_NAME : OPENS_WORDS;
    if (isName(text, open + 1, close) && this.#isOfCode()) return OPENS_NAME;
    const head = wordFrom(text, open + 1);
    if (HTTP_METHODS.has(head)) this.hasRequest = true;
    return HTTP_METHODS.has(head) || /^[45]\d\d$/.test(head) ? OPENS_WORDS : OPENS_VALUE;
  }

  /** Whether a noun stands before that runtimes use for names of the program's code. */
  #isOfCode(): boolean {
    const tokens = this.#tokens;
    return CODE_NOUNS.has(tokens.lowerAt(tokens.count - 1));
  }
}

function isWordChar(text: string, i: number): boolean {
  if (i < 0 || i >= text.length) return false;
  const kind = kindOf(text.charCodeAt(i));
  return kind === LETTER || kind === DIGIT;
}

/** The next character that is no blank, before or behind an offset; '' at the end. */
function besides(text: string, i: number, step: 1 | -1): string {
  let at = i + step;
  while (text[at] === ' ') at += step;
  return text[at] ?? '';
}

function wordFrom(text: string, from: number): string {
  let start = from;
  while (text[start] === ' ') start++;
  let end = start;
  while (end - start < 24 && isWordChar(text, end)) end++;
  return text.slice(start, end);
}

/** Whether a name of code stands there: letters, digits, dots and underscores, or an operator. */
function isName(text: string, start: number, end: number): boolean {
  if (end - start > MAX_NAME) return false;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    const isPart = isWordChar(text, i) || code === 0x5f || code === 0x2e || code === 0x24;
    if (!isPart && !'[]?!=@/-'.includes(text[i]!)) return false;
  }
  return true;
}
