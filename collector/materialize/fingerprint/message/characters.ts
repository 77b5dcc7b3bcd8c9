// What a character is to the scanner of messages. Beyond ASCII: letters join words as ASCII's do,
// but scripts that are written without spaces part from the digits and Latin words beside them.

export const SPACE = 0;
export const LETTER = 1;
export const DIGIT = 2;
/** Joins the parts of one word, number, path or id. */
export const JOINER = 3;
export const PUNCTUATION = 4;
export const QUOTE = 5;
/** A letter of a script without spaces. */
export const IDEOGRAPH = 6;

const JOINERS = '_-.:/\\@+~%#*$&';
const QUOTES = '"\'`';
const ASCII = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code);
  if (/[a-z]/i.test(char)) return LETTER;
  if (/\d/.test(char)) return DIGIT;
  if (JOINERS.includes(char)) return JOINER;
  if (QUOTES.includes(char)) return QUOTE;
  return code <= 0x20 || code === 0x7f ? SPACE : PUNCTUATION;
});

/** Quotes beyond ASCII, and what closes each. */
const CLOSERS = new Map([
  ['“', '”'],
  ['‘', '’'],
  ['„', '“'],
  ['«', '»'],
  ['「', '」'],
]);

/** From here on scripts are written without spaces (Thai, Lao, Khmer, Han, kana, emoji). */
const FIRST_UNSPACED = 0x0e00;

export function kindOf(code: number): number {
  return code < 128 ? ASCII[code]! : wideKindOf(code);
}

/** What closes a quote; '' when the character opens none. */
export function closerOf(code: number): string {
  if (code < 128) return ASCII[code] === QUOTE ? String.fromCharCode(code) : '';
  return CLOSERS.get(String.fromCharCode(code)) ?? '';
}

const wideKinds = new Map<number, number>();

function wideKindOf(code: number): number {
  let kind = wideKinds.get(code);
  if (kind === undefined) {
    kind = classify(code);
    wideKinds.set(code, kind);
  }
  return kind;
}

function classify(code: number): number {
  const char = String.fromCharCode(code);
  if (CLOSERS.has(char)) return QUOTE;
  if (/\p{Nd}/u.test(char)) return DIGIT;
  // Half of a surrogate pair: an emoji, a rare ideograph.
  if (code >= 0xd800 && code <= 0xdfff) return IDEOGRAPH;
  if (/[\p{L}\p{M}]/u.test(char)) {
    // Hangul and the Ethiopic to Cherokee blocks put spaces between words.
    const isSpaced = /[\p{Script=Hangul}\p{Script=Georgian}\p{Script=Ethiopic}]/u.test(char);
    return code < FIRST_UNSPACED || isSpaced || /\p{Script=Latin}/u.test(char) ? LETTER : IDEOGRAPH;
  }
  return /[\s\p{C}\p{Z}]/u.test(char) ? SPACE : PUNCTUATION;
}
