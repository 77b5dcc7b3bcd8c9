// A first look at text: two characters side by side tell most texts that hold no secret, without asking
// any matcher. It suspects more than `scan` finds, and never less.
import { LAST_TWO } from './keys.ts';
import { PREFIX_PAIRS } from './tokens.ts';

/** JSON needs an escape for one of them. */
export const ESCAPE = 1;
/** A matcher has to be asked. */
export const ASK = 2;
/** Two digits. */
const DIGITS = 4;
/** The start of `Bearer` or `Basic`. */
const SCHEME = 8;

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
  if (mayBeSecret(before, character) || PREFIX_PAIRS[pair] === 1) told |= ASK;
  if (isDigit(before) && isDigit(character)) told |= DIGITS;
  if (/^b[ea]$/i.test(before + character)) told |= SCHEME;
  PAIRS[pair] = told;
}

/**
 * Whether a text has to be redacted, by what the pairs of its characters told together.
 * @param told the bits of {@link PAIRS} for all of it
 */
export function isSuspicious(text: string, told: number): boolean {
  if ((told & ASK) !== 0) return true;
  if ((told & DIGITS) !== 0 && /\d{4}/.test(text)) return true;
  return (told & SCHEME) !== 0 && /bea|bas/i.test(text);
}

function mayBeSecret(before: string, character: string): boolean {
  if (character === '@' || before + character === '--' || before + character === 'yJ') return true;
  if (before === ':' && (character === '/' || character === '\\')) return true;
  return (character === ':' || character === '=') && MAY_END_KEY.has(before.charCodeAt(0));
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}
