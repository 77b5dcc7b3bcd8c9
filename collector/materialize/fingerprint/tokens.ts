// What a scanned message consists of: words, which tell problems apart, and values, which do not.

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
/** A word that belongs to the value before it. */
export const ABSORBED = 255;

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
const MAX_TOKENS = 80;

/** The tokens of one message as offsets into it; reused from message to message. */
export class Tokens {
  text = '';
  count = 0;
  readonly starts = new Int32Array(MAX_TOKENS);
  readonly ends = new Int32Array(MAX_TOKENS);
  readonly kinds = new Uint8Array(MAX_TOKENS);

  reset(text: string): void {
    this.text = text;
    this.count = 0;
  }

  get isFull(): boolean {
    return this.count >= MAX_TOKENS;
  }

  add(start: number, end: number, kind: number): void {
    if (this.isFull) return;
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.kinds[this.count++] = kind;
  }

  /** The text of a token; '' where there is none. */
  at(i: number): string {
    return i < 0 || i >= this.count ? '' : this.text.slice(this.starts[i], this.ends[i]);
  }

  /** The kind of a token; WORD where there is none. */
  kindAt(i: number): number {
    return i < 0 || i >= this.count ? WORD : this.kinds[i]!;
  }
}
