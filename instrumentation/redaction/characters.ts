// Characters by what they can be part of, and runs of them. Text is read by code unit: no form of a
// secret has a surrogate in it, so no pair is ever split.

export const DIGIT = 1;
export const LETTER = 2;
/** '_' and '-' */
export const JOINER = 4;
export const DOT = 8;
export const HEX = 16;
export const UPPER = 32;
/** What base64, base64url and other tokens have besides. */
export const TOKEN_SIGN = 64;
/** What the part of an e-mail address before the '@' has besides. */
const MAIL_SIGN = 128;

/** What ends a value without quotes. */
export const VALUE_END = 256;

/** In paths of webhooks and in hashes of passwords. */
export const PATH_SIGN = 1024;

/** In keys of PayPal. */
export const DOLLAR = 512;

export const ALNUM = DIGIT | LETTER;
export const WORD = ALNUM | JOINER;
export const NAME = WORD | DOT;
export const TOKEN = WORD | DOT | TOKEN_SIGN;
export const MAILBOX = WORD | DOT | MAIL_SIGN;

const BITS = new Uint16Array(128);
const put = (characters: string, bit: number): void => {
  for (const character of characters) BITS[character.charCodeAt(0)]! |= bit;
};
put('0123456789', DIGIT | HEX);
put('abcdefghijklmnopqrstuvwxyz', LETTER);
put('ABCDEFGHIJKLMNOPQRSTUVWXYZ', LETTER | UPPER);
put('abcdefABCDEF', HEX);
put('_-', JOINER);
put('.', DOT);
put('$', DOLLAR);
put('@%:,', PATH_SIGN);
put('+/=~', TOKEN_SIGN);
put("%+'", MAIL_SIGN);
put(` \t\r\n"'\`&;,)}]<>`, VALUE_END);

/** Whether the code unit at the index is of one of the sorts; false beyond the text. */
export function isAt(text: string, index: number, sorts: number): boolean {
  return isCode(text.charCodeAt(index), sorts);
}

/** The same of a code unit. */
export function isCode(code: number, sorts: number): boolean {
  return code < 128 && (BITS[code]! & sorts) !== 0;
}

/** Where the run of these sorts that starts at `from` ends, at most at `most`. */
export function runEnd(text: string, from: number, sorts: number, most = text.length): number {
  const end = Math.min(most, text.length);
  let i = from;
  while (i < end && isAt(text, i, sorts)) i++;
  return i;
}

/** Whether a character between the two indices is of one of the sorts. */
export function hasAny(text: string, from: number, to: number, sorts: number): boolean {
  for (let i = from; i < to; i++) if (isAt(text, i, sorts)) return true;
  return false;
}

const ESCAPE_END = /(?:\\[abefnrtv]|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|%[0-9a-f]{2})$/i;

/** Whether a word can start here: no letter or digit before, unless it ends an escape such as `\n`. */
export function isWordStart(text: string, index: number): boolean {
  if (index === 0 || !isAt(text, index - 1, WORD)) return true;
  return ESCAPE_END.test(text.slice(Math.max(0, index - 6), index));
}

/** The end of an escape sequence that colours what follows. */
const CSI_END = /(?:\p{Cc}|\\x1b|\\u001b|\\e|\\033)\[[\d;]{0,16}m$/iu;

/** Whether a key can start here: where a word can, behind an underscore, and behind a colour. */
export function isKeyStart(text: string, index: number): boolean {
  if (isWordStart(text, index) || text[index - 1] === '_') return true;
  return text[index - 1] === 'm' && CSI_END.test(text.slice(Math.max(0, index - 24), index));
}

/** The index after an escape such as the `n` of `\n`, when a run has swallowed its rest. */
export function afterEscape(text: string, start: number, end: number): number {
  if (text[start - 1] !== '\\') return start;
  const length = { u: 5, x: 3 }[text[start]!] ?? 1;
  return Math.min(start + length, end);
}
