// One pass over a text. Each form of a secret is noticed by one character that is rare in other text,
// and only there its matcher is asked. Every matcher looks a bounded way around, or at what none will
// look at again, so the whole takes linear time whatever the text is.

import { email, mayHaveUser, urlPassword } from './addresses.ts';
import { card } from './cards.ts';
import { type Codes, codesOf, MARGIN } from './codes.ts';
import { elementContent, nextElement, nextWord, optionValue } from './elements.ts';
import { secretField } from './fields.ts';
import { inOrder, type Match } from './match.ts';
import { isHarmlessBefore } from './names.ts';
import { PHRASE_PAIRS, phrases } from './phrases.ts';
import {
  awsSecret,
  dottedKey,
  jwt,
  mailchimpKey,
  mayBePrefix,
  PREFIX_PAIRS,
  prefixedKey,
  privateKey,
  puttyKey,
  schemeCredentials,
  telegramKey,
} from './tokens.ts';

const PREFIX = 1;
const HYPHEN = 2;
const SEPARATOR = 3;
const COLON = 4;
const AT = 5;
const NUMBER = 6;
const JWT = 7;
const SCHEME = 8;
const COMMA = 9;
const ELEMENT = 10;
const SPACE = 11;
const DOT = 12;

const ANCHORS = new Uint8Array(128);
for (let pair = 0; pair < PREFIX_PAIRS.length; pair++) {
  if (PREFIX_PAIRS[pair] === 1) ANCHORS[pair % 128] = PREFIX;
}
for (const [characters, anchor] of [
  ['-', HYPHEN],
  ['=', SEPARATOR],
  [':', COLON],
  ['@', AT],
  ['23456', NUMBER],
  ['J', JWT],
  ['bB', SCHEME],
  [',', COMMA],
  ['>', ELEMENT],
  [' ', SPACE],
  ['.', DOT],
] as const) {
  for (const character of characters) ANCHORS[character.charCodeAt(0)] = anchor;
}

/**
 * 1 at `before * 128 + code`, of both the low seven bits, where an anchor may be one: most are none behind most
 * characters. No digit is ruled out by what stands before it: a letter beyond ASCII may have the low bits of another.
 */
const PAIRS = new Uint8Array(128 * 128);
for (let pair = 0; pair < PAIRS.length; pair++) {
  const anchor = ANCHORS[pair % 128]!;
  if (anchor !== 0 && mayStandBehind(anchor, pair >> 7, pair % 128)) PAIRS[pair] = 1;
}

function mayStandBehind(anchor: number, before: number, code: number): boolean {
  const sign = String.fromCharCode(before);
  switch (anchor) {
    case PREFIX:
      return PREFIX_PAIRS[before * 128 + code] === 1;
    case SEPARATOR:
      return /[\w"'\\\] -]/.test(sign);
    case COMMA:
      return /["'`\\]/.test(sign);
    case ELEMENT:
      return /[0-9A-Za-z"]/.test(sign);
    case SPACE:
      return /[dnythse:]/i.test(sign);
    case DOT:
      return /[\w-]/.test(sign);
    case JWT:
      return sign === 'y';
    default:
      return true;
  }
}

/** What a match may have before its anchor, at most. */
const MAX_BEFORE = 80;

/** The secrets that start in the first `limit` characters, in order, without overlaps. */
export function scan(text: string, limit: number): Match[] {
  const end = Math.min(text.length, limit + MAX_BEFORE);
  const codes = codesOf(text);
  let found = NOTHING;
  let floor = 0;
  beyond = 0;
  phraseBits = 0;
  for (let block = 0; block < end; block += BLOCK) {
    const count = candidates(codes, block, Math.min(end, block + BLOCK));
    for (let k = 0; k < count; k++) {
      const i = CANDIDATES[k]!;
      const code = codes[MARGIN + i]!;
      if (i < floor || code > 127) continue;
      const anchor = ANCHORS[code]!;
      if (!isPromising(anchor, text, codes, MARGIN + i)) continue;
      const match = ask(anchor, text, i, floor);
      if (match === undefined || match.start < floor) continue;
      if (found === NOTHING) found = [];
      found.push(match);
      floor = match.end;
      const second = match.kind === 'aws_key' ? awsSecret(text, floor) : undefined;
      if (second !== undefined) {
        found.push(second);
        floor = second.end;
      }
    }
  }
  const more = phrases(text, beyond < 128, phraseBits);
  return more.length === 0 ? found : inOrder([...found, ...more]);
}

/** All code units of the text together: above 127 when one is. */
let beyond = 0;
/** Which phrases its pairs may be part of. */
let phraseBits = 0;
const BLOCK = 1024;
const CANDIDATES = new Uint32Array(BLOCK + 1);

/** Puts where a pair of {@link PAIRS} ends into {@link CANDIDATES}, without a branch for each character. */
function candidates(codes: Codes, start: number, end: number): number {
  let count = 0;
  let seen = 0;
  let bits = 0;
  let pair = codes[MARGIN + start - 1]! & 127;
  for (let i = start; i < end; i++) {
    const code = codes[MARGIN + i]!;
    seen |= code;
    pair = ((pair << 7) | (code & 127)) & 0x3fff;
    CANDIDATES[count] = i;
    count += PAIRS[pair]!;
    bits |= PHRASE_PAIRS[pair]!;
  }
  beyond |= seen;
  phraseBits |= bits;
  return count;
}

const NOTHING: Match[] = [];

/** A look at the neighbours of the code at `i`, which sends most anchors away. */
function isPromising(anchor: number, text: string, codes: Codes, i: number): boolean {
  switch (anchor) {
    case PREFIX:
      return mayBePrefix(codes, i);
    case HYPHEN:
      return isHyphenPromising(codes, i);
    case COLON:
      if (codes[i + 1] === 0x2f) return mayHaveUser(codes, i + 3);
      return (
        codes[i + 1] === 0x5c ||
        (codes[i + 1] === 0x41 && codes[i + 2] === 0x41) ||
        (mayEndKey(codes, i) && !isHarmlessBefore(text, i - MARGIN, codes, i))
      );
    case COMMA:
      return (
        isQuote(codes[i - 1]) &&
        (isQuote(codes[i + 1]) || isQuote(codes[i + 2]) || isQuote(codes[i + 3]))
      );
    case ELEMENT:
      return (
        (isWordCode(codes[i - 1]) || codes[i - 1] === 0x22) &&
        (codes[i + 1] !== 0x3c || codes[i + 2] === 0x21)
      );
    case SPACE:
      return mayBeSentence(codes, i) && isMixed(codes, i + 1);
    case DOT:
      return (
        (codes[i + 7] === 0x2e && isWordCode(codes[i - 20])) ||
        mayBePrefix(codes, i) ||
        (codes[i - 17] === 0x70 && codes[i - 16] === 0x61 && codes[i - 15] === 0x74)
      );
    case SEPARATOR:
      return mayEndKey(codes, i) && !isHarmlessBefore(text, i - MARGIN, codes, i);
    case NUMBER:
      return mayStartCard(codes, i);
    case SCHEME:
      return isScheme(codes, i);
    default:
      return true;
  }
}

/** 'Bear' or 'Basi' */
function isScheme(codes: Codes, i: number): boolean {
  const [a, b, c] = [codes[i + 1]! | 0x20, codes[i + 2]! | 0x20, codes[i + 3]! | 0x20];
  if (a === 0x65) return b === 0x61 && c === 0x72;
  return a === 0x61 && b === 0x73 && c === 0x69;
}

/** Letters of options that a password stands behind. */
const SHORT_OPTIONS = [...'upawP'].map((letter) => letter.charCodeAt(0));

/** A prefix, `--option`, `-u`, `-p`, `-----BEGIN` or `Private-Lines`. */
function isHyphenPromising(codes: Codes, i: number): boolean {
  const next = codes[i + 1];
  const isStart =
    i === 0 || codes[i - 1]! <= 0x27 || codes[i - 1] === 0x60 || codes[i - 1] === 0x5b;
  if (isStart && next === 0x2d) return codes[i + 2] !== 0x2d || isBeforeBegin(codes, i);
  if (isStart && next !== undefined && SHORT_OPTIONS.includes(next)) return true;
  // `-su`, and the data centre of Mailchimp
  if (codes[i + 2] === 0x75 && isStart) return true;
  if (next === 0x75 && codes[i + 2] === 0x73) return true;
  if (next === 0x2d) return isBeforeBegin(codes, i);
  return mayBePrefix(codes, i) || (next === 0x4c && codes[i - 1] === 0x65);
}

/** `----BEGIN` or `-----BEGIN`, and not in the middle of a line. */
function isBeforeBegin(codes: Codes, i: number): boolean {
  if (codes[i + 3] !== 0x2d) return false;
  const behind = codes[i + 4] === 0x2d ? i + 5 : i + 4;
  return codes[behind] === 0x42 || codes[behind] === 0x20;
}

/** A quote, or the backslash before one. */
function isQuote(code: number | undefined): boolean {
  return code === 0x22 || code === 0x27 || code === 0x5c || code === 0x60;
}

function isWordCode(code: number | undefined): boolean {
  return code !== undefined && ((code | 0x20) >= 0x61 ? (code | 0x20) <= 0x7a : isDigit(code));
}

/** Whether the word at `i` has a digit behind its first character: few words of a sentence do. */
function isMixed(codes: Codes, i: number): boolean {
  for (let at = i; at < i + MAX_MIXED; at++) {
    const code = codes[at];
    if (code === undefined || code <= 0x20) return false;
    if (isDigit(code)) return true;
  }
  return false;
}
const MAX_MIXED = 24;

/** By the last three letters of words such as `password`: 1, or how long `is` and the like are, behind such a word. */
const SENTENCE_ENDS = new Uint8Array(128 * 128);
for (const [ends, length] of [
  ['ord swd ken key ret pat uth ase ode ass  by', 1],
  [' is', 3],
  ['was', 4],
  ['ded', 9],
] as const) {
  for (let at = 0; at < ends.length; at += 4) {
    const [a, b, c] = [0, 1, 2].map((more) => ends.charCodeAt(at + more));
    SENTENCE_ENDS[endOfWord(a!, b!, c!)] = length;
  }
}

function endOfWord(first: number, second: number, third: number): number {
  return (((first | 32) << 8) ^ ((second | 32) << 4) ^ (third | 32)) & 0x3fff;
}

/** Whether such a word may end before the space at `i`, or before the colon there. */
function mayBeSentence(codes: Codes, i: number): boolean {
  const end = codes[i - 1] === 0x3a ? i - 1 : i;
  const first = SENTENCE_ENDS[endOfWord(codes[end - 3]!, codes[end - 2]!, codes[end - 1]!)]!;
  if (first <= 1) return first === 1;
  const before = end - first;
  return SENTENCE_ENDS[endOfWord(codes[before - 3]!, codes[before - 2]!, codes[before - 1]!)] === 1;
}

/** Whether a name may end before the separator at `i`: behind it quotes and spaces. */
function mayEndKey(codes: Codes, i: number): boolean {
  let last = i - 1;
  const least = i - 13;
  for (; last > least; last--) {
    const code = codes[last];
    if (code !== 0x20 && code !== 0x22 && code !== 0x27 && code !== 0x5c && code !== 0x5d) break;
  }
  let code = codes[last];
  if (!isWordCode(code)) return false;
  // Lines and columns of a stack trace, hours and minutes.
  while (isDigit(code)) code = codes[--last];
  if (!isWordCode(code) && code !== 0x5f && code !== 0x2d) return false;
  // No such name has two letters: it is the `ts:12` of a stack trace.
  return codes[last - 2]! > 0x2e || codes[last - 1]! > 0x2e;
}

/** Whether 13 digits start here, or four of a group. */
function mayStartCard(codes: Codes, i: number): boolean {
  if (isDigit(codes[i - 1])) return false;
  for (let count = 1; count < 4; count++) if (!isDigit(codes[i + count])) return false;
  if (!isDigit(codes[i + 4])) {
    for (let count = 5; count < 9; count++) if (!isDigit(codes[i + count])) return false;
    return true;
  }
  for (let count = 5; count < 13; count++) if (!isDigit(codes[i + count])) return false;
  return true;
}

function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= 0x30 && code <= 0x39;
}

function ask(anchor: number, text: string, index: number, floor: number): Match | undefined {
  switch (anchor) {
    case PREFIX:
      return prefixedKey(text, index);
    case HYPHEN:
      return hyphen(text, index);
    case COMMA:
      return nextElement(text, index);
    case ELEMENT:
      return elementContent(text, index);
    case SPACE:
      return nextWord(text, index);
    case DOT:
      return prefixedKey(text, index) ?? dottedKey(text, index);
    case SEPARATOR:
      return secretField(text, index);
    case COLON:
      // Behind a name that says something stands no slash.
      if (text[index + 1] === '/') return urlPassword(text, index);
      return urlPassword(text, index) ?? secretField(text, index) ?? telegramKey(text, index);
    case AT:
      return email(text, index, floor);
    case NUMBER:
      return card(text, index);
    case JWT:
      return jwt(text, index);
    default:
      return schemeCredentials(text, index);
  }
}

function hyphen(text: string, index: number): Match | undefined {
  const next = text[index + 1];
  if (next === '-' && text[index + 2] === '-') return privateKey(text, index);
  const found = prefixedKey(text, index) ?? optionValue(text, index);
  if (found !== undefined) return found;
  if (next === 'u') return mailchimpKey(text, index);
  return next === 'L' ? puttyKey(text, index) : undefined;
}
