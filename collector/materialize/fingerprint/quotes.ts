// What stands in quotes: mostly a value, but some quotes hold what went wrong.
import { closerOf, DIGIT, JOINER, kindOf, LETTER } from './characters.ts';
import { MAX_WORD } from './chunk.ts';
import { MAX_CHARS, type Tokens } from './tokens.ts';
import { HTTP_METHODS, NAMED_PARTS, TELLING_KEYS } from './vocabulary.ts';

const APOSTROPHE = 0x27;
const DOT = 0x2e;
const UNDERSCORE = 0x5f;

/** How a quote at an offset is to be read. */
export const MARK = 0;
export const OPENS_VALUE = 1;
export const OPENS_WORDS = 2;

/** The quotes of one message. */
export class Quotes {
  /** Where the quote that was read last closes. */
  close = -1;
  /** A request line was quoted, as in a server's access log. */
  hasRequest = false;
  private readonly text: string;
  private readonly tokens: Tokens;
  /** Where quotes close whose words are being read. */
  private readonly closings: number[] = [];
  /** Closers that do not come again. */
  private missing = '';
  private lastCloser = '';

  constructor(tokens: Tokens) {
    this.text = tokens.text;
    this.tokens = tokens;
  }

  read(i: number): number {
    if (this.closings.at(-1) === i) {
      this.closings.pop();
      return MARK;
    }
    const code = this.text.charCodeAt(i);
    if (code === APOSTROPHE && isWordChar(this.text, i - 1)) return MARK;
    this.close = this.closerAfter(i, closerOf(code));
    if (this.close === -1 && this.isCut(i, code)) {
      this.close = this.text.length - 1;
      return OPENS_VALUE;
    }
    if (this.close <= i + 1 || this.close === this.closings.at(-1)) return MARK;
    if (!this.tells(i)) return OPENS_VALUE;
    this.closings.push(this.close);
    return OPENS_WORDS;
  }

  /** Where the quote closes: not escaped, and an apostrophe not within a word; -1 if nowhere. */
  private closerAfter(open: number, closer: string): number {
    const { text } = this;
    if (this.missing.includes(closer)) return -1;
    // Within a quote that closes alike, what it skipped is skipped again.
    if (closer === this.lastCloser && this.close > open) return this.close;
    this.lastCloser = closer;
    let at = text.indexOf(closer, open + 1);
    while (at !== -1) {
      const isInWord = closer === "'" && isWordChar(text, at + 1);
      if (!isInWord && text[at - 1] !== '\\') return at;
      at = text.indexOf(closer, at + 1);
    }
    this.missing += closer;
    return -1;
  }

  /** Whether the quote was open when the message was cut: somewhere, or where reading it ends. */
  private isCut(open: number, code: number): boolean {
    if (!isWordChar(this.text, open + 1) || isWordChar(this.text, open - 1)) return false;
    return code !== APOSTROPHE || this.text.length >= MAX_CHARS;
  }

  /** Whether what is quoted says what went wrong, rather than with which data. */
  private tells(open: number): boolean {
    const { text, tokens, close } = this;
    const left = besides(text, open, -1);
    const right = besides(text, close, 1);
    if (left === '' && right === '') return true;
    if (right === ':' && (left === '{' || left === ',')) return true;
    const before = tokens.at(tokens.count - 1).toLowerCase();
    if (left === ':' || left === '=') {
      if (TELLING_KEYS.has(before) || before.endsWith('keyerror')) return true;
      if (left === '=' || !isIdentifier(text, open + 1, close)) return false;
      return isStructured(text, open + 1, close) || NAMED_PARTS.has(wordFrom(text, close + 1));
    }
    // An exception as Python represents it: its message in its brackets.
    if (left === '(' && (before.endsWith('error') || before.endsWith('exception'))) return true;
    if (isIdentifier(text, open + 1, close)) {
      return (
        isStructured(text, open + 1, close) ||
        NAMED_PARTS.has(before) ||
        NAMED_PARTS.has(wordFrom(text, close + 1))
      );
    }
    return this.isHttp(open + 1);
  }

  /** A request line or the line of a status, as servers and clients quote them. */
  private isHttp(start: number): boolean {
    const head = wordFrom(this.text, start);
    if (HTTP_METHODS.has(head)) this.hasRequest = true;
    return HTTP_METHODS.has(head) || /^[45]\d\d$/.test(head);
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

function isIdentifier(text: string, start: number, end: number): boolean {
  if (end - start > MAX_WORD || end - start < 2) return false;
  for (let i = start; i < end; i++) {
    const kind = kindOf(text.charCodeAt(i));
    if (kind !== LETTER && kind !== DIGIT && kind !== JOINER) return false;
  }
  return true;
}

/** A name as programs have it: parts that dots or underscores join, or a hump; no digits. */
function isStructured(text: string, start: number, end: number): boolean {
  if (end - start > MAX_WORD) return false;
  let isJoined = false;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === UNDERSCORE || code === DOT) isJoined = true;
    else if (kindOf(code) !== LETTER) return false;
    else if (code <= 0x5a && i > start && text.charCodeAt(i - 1) >= 0x61) isJoined = true;
  }
  return isJoined;
}
