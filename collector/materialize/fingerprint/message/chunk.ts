// A chunk: letters, digits and what joins them, such as a word, a number, a path or an id.
import { DIGIT, JOINER, kindOf, LETTER, QUOTE, SPACE } from './characters.ts';
import {
  BASIC_TYPES,
  COUNTRY_DOMAINS,
  FILE_ENDS,
  REVERSED_DOMAINS,
  TOP_DOMAINS,
} from './conventions.ts';
import { EMAIL, HEX, HOST, ID, NUM, PATH, TIME, URL, UUID, WORD } from './tokens.ts';

/** Characters of a word; what is longer is data. */
export const MAX_WORD = 64;
const MAX_DOTTED = 128;
/** A name in camel case has longer parts than a random id. */
const SHORTEST_CAMEL_PART = 4;

const DOT = 0x2e;
const SLASH = 0x2f;
const COLON = 0x3a;
const AT = 0x40;
const BACKSLASH = 0x5c;
const APOSTROPHE = 0x27;
const QUESTION_MARK = 0x3f;

/** Reads one chunk after the other; reused, so that a message costs no objects. */
export class Chunk {
  start = 0;
  end = 0;
  private text = '';
  private digits = 0;
  private dots = 0;
  private slashes = 0;
  private backslashes = 0;
  private colons = 0;
  private at = -1;
  private dashes = 0;
  private humps = 0;
  private isHex = true;
  private isUrl = false;

  /**
   * Reads the chunk that begins at an offset, without punctuation around it; it may be empty.
   * @returns the offset behind it
   */
  read(text: string, from: number): number {
    this.text = text;
    this.digits = this.dots = this.slashes = this.backslashes = this.colons = 0;
    this.dashes = this.humps = 0;
    this.at = -1;
    this.isHex = true;
    this.isUrl = false;
    const next = this.run(from);
    this.start = from;
    this.end = next;
    if (this.isUrl) return next;
    while (this.end > from && isTail(text.charCodeAt(this.end - 1))) this.end--;
    while (this.start < this.end && this.isLoose(this.start)) this.start++;
    if (this.digits === 0 && this.isJoinersOnly()) this.end = this.start;
    return next;
  }

  /** Its kind by its form alone. */
  kind(): number {
    if (this.isUrl) return URL;
    if (this.digits > 0) return this.numberKind();
    if (this.backslashes > 0) return PATH;
    if (this.at > this.start) return this.dots > 0 ? EMAIL : ID;
    if (this.slashes > 0) return this.slashedKind();
    if (this.dots > 0) return this.dottedKind();
    const length = this.end - this.start;
    if (length > MAX_WORD) return ID;
    if (this.isRandom(length)) return ID;
    return this.text.charCodeAt(this.start - 1) === 0x3d && BASIC_TYPES.has(this.word())
      ? ID
      : WORD;
  }

  private word(): string {
    return this.text.slice(this.start, this.end);
  }

  private run(from: number): number {
    const { text } = this;
    const n = text.length;
    let wasLower = false;
    let i = from;
    for (; i < n; i++) {
      const code = text.charCodeAt(i);
      const kind = kindOf(code);
      if (kind === LETTER) {
        const lower = code | 32;
        if (lower < 0x61 || lower > 0x66) this.isHex = false;
        const isLower = code >= 0x61;
        if (wasLower && !isLower) this.humps++;
        wasLower = isLower;
        continue;
      }
      wasLower = false;
      if (kind === DIGIT) this.digits++;
      else if (kind === JOINER) {
        if (!this.joins(code, from, i)) break;
        if (this.isUrl) return urlEnd(text, i);
      } else if (code === QUESTION_MARK && this.slashes > 0 && text.charCodeAt(from) === SLASH) {
        return urlEnd(text, i);
      } else if (code !== APOSTROPHE || !isBetweenLetters(text, i)) break;
    }
    return i;
  }

  /** Whether the joiner at an offset is part of the chunk. */
  private joins(code: number, from: number, i: number): boolean {
    if (code === COLON) return this.joinsColon(from, i);
    if (code === BACKSLASH) {
      // What is not within a path escapes the next character.
      const isPath = i === from ? this.text.charCodeAt(i + 1) === BACKSLASH : this.isDosPath(i);
      if (isPath) this.backslashes++;
      return isPath;
    }
    if (code === DOT) {
      // An ellipsis or leaders part what is before from what is behind.
      if (i > from && this.slashes === 0 && this.text.charCodeAt(i + 1) === DOT) return false;
      this.dots++;
    } else if (code === SLASH) this.slashes++;
    else if (code === AT) this.at = i;
    else if (code === 0x2d) this.dashes++;
    else this.isHex = false;
    return true;
  }

  private isDosPath(i: number): boolean {
    return this.backslashes > 0 || this.colons > 0 || !'nrt"\''.includes(this.text[i + 1] ?? '"');
  }

  /** A colon ends a word, and goes on in a URL, a drive, a time, an address. */
  private joinsColon(from: number, i: number): boolean {
    const { text } = this;
    if (text.startsWith('://', i)) {
      this.isUrl = true;
      return true;
    }
    const next = text.charCodeAt(i + 1);
    const isDrive = i === from + 1 && (next === BACKSLASH || next === SLASH);
    const isAddress =
      this.isHex &&
      this.slashes === 0 &&
      isHexOrColon(next) &&
      (this.digits > 0 || this.colons > 0 || next === COLON);
    if (isDrive || isAddress) this.colons++;
    return isDrive || isAddress;
  }

  private numberKind(): number {
    const { text, start, end } = this;
    if (this.slashes > 0) return this.slashes > 1 || text.charCodeAt(start) === SLASH ? PATH : ID;
    if (this.backslashes > 0) return PATH;
    if (this.at > start) return EMAIL;
    if (this.colons > 0) return this.dots > 2 || this.colons > 2 ? HOST : TIME;
    if (this.dots > 2) return HOST;
    return text.startsWith('()', end) ? WORD : this.plainNumberKind(end - start);
  }

  private plainNumberKind(length: number): number {
    const { text, start, digits } = this;
    const first = text.charCodeAt(start);
    // A sign before, a unit of up to two letters behind.
    if (digits + this.dots >= length - (first <= 0x39 ? 2 : 1)) {
      const isDate = length === 10 && text[start + 4] === '-' && text[start + 7] === '-';
      return isDate ? TIME : NUM;
    }
    if (text.startsWith('0x', start) || (this.isHex && length >= 8 && this.dashes === 0))
      return HEX;
    return this.isHex && length === 36 && this.dashes === 4 ? UUID : ID;
  }

  private slashedKind(): number {
    const first = this.text.charCodeAt(this.start);
    if (this.slashes > 1 || first === SLASH || first === DOT || first === 0x7e) return PATH;
    return this.dots > 0 ? this.dottedKind() : WORD;
  }

  /** A file, a host, or a name of code. */
  private dottedKind(): number {
    const { text, start, end } = this;
    if (end - start > MAX_DOTTED) return ID;
    const last = text.slice(text.lastIndexOf('.', end - 1) + 1, end);
    if (FILE_ENDS.has(last)) return PATH;
    if (TOP_DOMAINS.has(last) || (COUNTRY_DOMAINS.has(last) && this.humps === 0)) {
      const first = text.slice(start, text.indexOf('.', start));
      if (!REVERSED_DOMAINS.has(first)) return HOST;
    }
    return text.charCodeAt(start - 1) === 0x3d ? ID : WORD;
  }

  private isRandom(length: number): boolean {
    return length >= 3 * SHORTEST_CAMEL_PART && this.humps * SHORTEST_CAMEL_PART > length;
  }

  private isLoose(i: number): boolean {
    const code = this.text.charCodeAt(i);
    if (code === DOT || code === 0x7e) {
      const next = this.text.charCodeAt(i + 1);
      if (next === DOT) return this.text.charCodeAt(i + 2) !== SLASH;
      return next !== SLASH;
    }
    return kindOf(code) === JOINER && code !== SLASH && code !== BACKSLASH && code !== 0x5f;
  }

  private isJoinersOnly(): boolean {
    for (let i = this.start; i < this.end; i++) {
      if (kindOf(this.text.charCodeAt(i)) !== JOINER) return false;
    }
    return true;
  }
}

/** Whether a joiner at the end belongs to the sentence. */
function isTail(code: number): boolean {
  return kindOf(code) === JOINER && code !== SLASH && code !== 0x5f;
}

function isHexOrColon(code: number): boolean {
  const lower = code | 32;
  return (code >= 0x30 && code <= COLON) || (lower >= 0x61 && lower <= 0x66);
}

function isBetweenLetters(text: string, i: number): boolean {
  return kindOf(text.charCodeAt(i - 1)) === LETTER && kindOf(text.charCodeAt(i + 1)) === LETTER;
}

/** What ends a URL besides blanks and quotes. */
const URL_STOPS = Uint8Array.from({ length: 128 }, (_, code) =>
  '<>()[]{}|'.includes(String.fromCharCode(code)) ? 1 : 0,
);

function urlEnd(text: string, from: number): number {
  let end = from;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    const kind = kindOf(code);
    if (kind === SPACE || kind === QUOTE || URL_STOPS[code] === 1) break;
  }
  while ('.,;:!?'.includes(text[end - 1]!)) end--;
  return end;
}
