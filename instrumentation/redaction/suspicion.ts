// A first look at text: two characters side by side tell most texts that hold no secret, and for most of
// the rest one expression does, without asking any matcher. It suspects more than `scan` finds, and never
// less.
import { LAST_TWO } from './keys.ts';
import { HAS_PREFIX, PREFIX_PAIRS } from './tokens.ts';

/** JSON needs an escape for one of them. */
export const ESCAPE = 1;
/** A matcher has to be asked. */
export const ASK = 2;
/** Two digits. */
const DIGITS = 4;
/** The start of `Bearer` or `Basic`. */
const SCHEME = 8;
/** As in the prefix of a key, and in most words with `_`. */
const PREFIX = 16;
/** What may end a key before `:` or `=`. */
const SEPARATOR = 32;

/** What a character tells, as `before * 128 + character`; before the first one stands 0. */
export const PAIRS: Uint8Array = new Uint8Array(128 * 128);

const MAY_END_KEY = new Set([...` "'\\]`].map((sign) => sign.charCodeAt(0)));
for (let pair = 0; pair < LAST_TWO.length; pair += 1) {
  if (LAST_TWO[pair] === 1) MAY_END_KEY.add(pair % 128);
}

for (let pair = 0; pair < PAIRS.length; pair += 1) {
  const before = String.fromCharCode(Math.floor(pair / 128));
  const character = String.fromCharCode(pair % 128);
  let told = 0;
  if (character < ' ' || character === '"' || character === '\\') told |= ESCAPE;
  if (mayBeSecret(before, character)) told |= ASK;
  if (PREFIX_PAIRS[pair] === 1) told |= PREFIX;
  if (isDigit(before) && isDigit(character)) told |= DIGITS;
  if (/^b[ea]$/i.test(before + character)) told |= SCHEME;
  if (/[:=]/.test(character) && MAY_END_KEY.has(before.charCodeAt(0))) told |= SEPARATOR;
  PAIRS[pair] = told;
}

/** 13 digits, or groups of them as on a card. */
const CARD = /\d{4}(?:\d{9}|[ -]\d{4,6}[ -]\d{4})/;
const SCHEMES = /bearer|basic/i;
/** The last two letters of a key whose value is a secret, and a separator not far behind. */
const KEY_END = new RegExp(`(?:${lastTwo().join('|')})[ "'\\\\\\]]{0,12}[:=]`);

/**
 * Whether a text has to be redacted, by what the pairs of its characters told together.
 * @param told the bits of {@link PAIRS} for all of it
 */
export function isSuspicious(text: string, told: number): boolean {
  if ((told & ASK) !== 0) return true;
  if ((told & PREFIX) !== 0 && HAS_PREFIX.test(text)) return true;
  if ((told & SEPARATOR) !== 0 && KEY_END.test(text)) return true;
  if ((told & DIGITS) !== 0 && CARD.test(text)) return true;
  return (told & SCHEME) !== 0 && SCHEMES.test(text);
}

function mayBeSecret(before: string, character: string): boolean {
  if (character === '@' || before + character === '--' || before + character === 'yJ') return true;
  return before === ':' && (character === '/' || character === '\\');
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}

/** The pairs of {@link LAST_TWO} as parts of an expression, one for each last letter. */
function lastTwo(): string[] {
  const firsts = new Map<string, string>();
  for (let pair = 0; pair < LAST_TWO.length; pair += 1) {
    if (LAST_TWO[pair] === 0) continue;
    const last = String.fromCharCode(pair % 128);
    firsts.set(last, `${firsts.get(last) ?? ''}${String.fromCharCode(Math.floor(pair / 128))}`);
  }
  return [...firsts].map(([last, before]) => `[${before}]${last}`);
}
