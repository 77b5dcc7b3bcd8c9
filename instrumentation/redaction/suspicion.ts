// A first look at text: two characters side by side identify most texts that hold no secret, and for most of
// the rest one expression does, without asking any matcher. It suspects more than `scan` finds, and never
// less.
import { hasRun } from './encoded.ts';
import { mayHavePhrase } from './phrases.ts';
import { PREFIX_PAIRS } from './tokens.ts';

/** JSON needs an escape for one of them. */
export const ESCAPE = 1;
/** A matcher has to run. */
export const ASK = 2;
/** Two digits. */
const DIGITS = 4;
/** The start of `Bearer` or `Basic`. */
const SCHEME = 8;
/** A letter and a digit, as in what is encoded. */
const MIXED = 16;
/** A space behind what may be the word before a secret. */
const WORD = 32;

/** What a character shows, as `before * 128 + character`; before the first one stands 0. */
export const PAIRS: Uint8Array = new Uint8Array(128 * 128);

for (let pair = 0; pair < PAIRS.length; pair += 1) {
  const before = String.fromCharCode(Math.floor(pair / 128));
  const character = String.fromCharCode(pair % 128);
  let traits = 0;
  if (character < ' ' || character === '"' || character === '\\') traits |= ESCAPE;
  if (PREFIX_PAIRS[pair] === 1 || mayBeSecret(before, character)) traits |= ASK;
  if (isDigit(before) && isDigit(character)) traits |= DIGITS;
  if (/^b[ea]$/i.test(before + character)) traits |= SCHEME;
  if (/^(?:[a-z]\d|\d[a-z])$/i.test(before + character)) traits |= MIXED;
  if (/^[dnythse:] $/i.test(before + character)) traits |= WORD;
  PAIRS[pair] = traits;
}

/** 13 digits, or groups of them as on a card. */
const CARD = /\d{4}(?:\d{9}|[ -]\d{4,6}[ -]\d{4})/;
/** A key of a Discord bot, whose parts are shorter than an encoded run. */
const DOTTED = /\.[\w-]{6}\.[\w-]{27}/;
const SCHEMES = /bearer|basic/i;
const WORDS =
  /(?:pass(?:word|wd|phrase|code)?|secret|token|key|auth|pat|identified by)(?: is| was| provided|:)?:? /i;

/**
 * Whether a text has to be redacted, by what the pairs of its characters show together.
 * @param traits the bits of {@link PAIRS} for all of it
 */
export function isSuspicious(text: string, traits: number): boolean {
  if ((traits & ASK) !== 0) return true;
  if ((traits & MIXED) !== 0 && (hasRun(text) || DOTTED.test(text))) return true;
  if ((traits & WORD) !== 0 && WORDS.test(text)) return true;
  if ((traits & DIGITS) !== 0 && CARD.test(text)) return true;
  if ((traits & SCHEME) !== 0 && SCHEMES.test(text)) return true;
  return mayHavePhrase(text);
}

function mayBeSecret(before: string, character: string): boolean {
  const pair = before + character;
  if (character === '@' || pair === '--' || pair === 'yJ') return true;
  // A name and its value, an element, an encoded character, an option.
  if (/[:=]/.test(character) && /[\w"'\\\] ]/.test(before)) return true;
  if (/["'`\\],/.test(pair) || /\w>/.test(pair) || /%[\dA-Fa-f]/.test(pair)) return true;
  return /[\0\s"'`[]-/.test(pair) || (before === ':' && (character === '/' || character === '\\'));
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}
