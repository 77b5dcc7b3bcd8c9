// What a scanned message consists of: words, which distinguish problems, codes, which do most, and
// values, which do not.

export const WORD = 0;
export const NUM = 1;
export const ID = 2;
export const PATH = 3;
export const URL = 4;
export const EMAIL = 5;
export const TEXT = 6;
export const HOST = 7;
export const TIME = 8;
export const REDACTED = 9;
export const BOOL = 10;
export const NAME = 11;
export const HEX = 12;
export const UUID = 13;
/** A status, an errno, the code of an error: counts wherever it stands. */
export const CODE = 14;
/** Begins another part of the message; no text of its own. */
export const BREAK = 15;
/** A word in brackets, or one that the table does not have: shown, and no part of what distinguishes problems. */
export const ASIDE = 16;

/** What stands in a template for a value of each kind. */
export const PLACEHOLDERS: readonly string[] = [
  '',
  '<num>',
  '<id>',
  '<path>',
  '<url>',
  '<email>',
  '<text>',
  '<host>',
  '<time>',
  '<redacted>',
  '<bool>',
  '<name>',
  '<hex>',
  '<uuid>',
];

/** Characters of a message that are looked at. */
export const MAX_CHARS = 8192;
/** Tokens that are kept of one message; what follows does not count. */
export const MAX_TOKENS = 96;

/** The tokens of one message as offsets into it; reused from message to message. */
export class Tokens {
  text = '';
  count = 0;
  readonly starts = new Int32Array(MAX_TOKENS);
  readonly ends = new Int32Array(MAX_TOKENS);
  readonly kinds = new Uint8Array(MAX_TOKENS);
  /** How many brackets are open around each. */
  readonly depths = new Uint8Array(MAX_TOKENS);
  /** What was cut out already, as it is and in lower case; '' where nothing was. */
  readonly #texts: string[] = Array.from({ length: MAX_TOKENS }, () => '');
  readonly #lowers: string[] = Array.from({ length: MAX_TOKENS }, () => '');

  reset(text: string): void {
    this.text = text;
    this.count = 0;
  }

  get isFull(): boolean {
    return this.count >= MAX_TOKENS;
  }

  add(start: number, end: number, kind: number, depth = 0): void {
    if (this.isFull) return;
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.kinds[this.count] = kind;
    this.#texts[this.count] = '';
    this.#lowers[this.count] = '';
    this.depths[this.count++] = depth;
  }

  /** The text of a token; '' where there is none. */
  at(i: number): string {
    if (i < 0 || i >= this.count) return '';
    const known = this.#texts[i]!;
    if (known !== '') return known;
    const text = this.text.slice(this.starts[i], this.ends[i]);
    this.#texts[i] = text;
    return text;
  }

  /** The text of a token in lower case; '' where there is none. */
  lowerAt(i: number): string {
    if (i < 0 || i >= this.count) return '';
    const known = this.#lowers[i]!;
    if (known !== '') return known;
    const lower = this.at(i).toLowerCase();
    this.#lowers[i] = lower;
    return lower;
  }

  /** The kind of a token; WORD where there is none. */
  kindAt(i: number): number {
    return i < 0 || i >= this.count ? WORD : this.kinds[i]!;
  }
}
