// One pass over a text. Each form of a secret is noticed by one character that is rare in other text,
// and only there its matcher is asked. Every matcher looks a bounded way around, or at what none will
// look at again, so the whole takes linear time whatever the text is.
import { email, mayHaveUser, urlPassword } from './addresses.ts';
import { card } from './cards.ts';
import { elementContent, nextElement, nextWord, optionValue } from './elements.ts';
import { secretField } from './fields.ts';
import type { Match } from './match.ts';
import { isHarmlessBefore } from './names.ts';
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
 * 1 at `before * 128 + byte`, of both the low seven bits, where an anchor may be one: most are none behind most
 * characters. No digit is ruled out by what stands before it: a letter beyond ASCII may have the low bits of another.
 */
const PAIRS = new Uint8Array(128 * 128);
for (let pair = 0; pair < PAIRS.length; pair++) {
  const anchor = ANCHORS[pair % 128]!;
  if (anchor !== 0 && mayStandBehind(anchor, pair >> 7, pair % 128)) PAIRS[pair] = 1;
}

function mayStandBehind(anchor: number, before: number, byte: number): boolean {
  const sign = String.fromCharCode(before);
  switch (anchor) {
    case PREFIX:
      return PREFIX_PAIRS[before * 128 + byte] === 1;
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

// The low bytes of the text, between bytes that none of it has: reading them is twice as fast as reading the string,
// and four times as fast as asking for a byte that is not there. A character beyond Latin-1 may look like another
// here, so matchers look at the text itself.
const MARGIN = 32;
const SCRATCH = Buffer.alloc(64 * 1024);

function lowBytes(text: string): Buffer {
  const { length } = text;
  const bytes = length < SCRATCH.length - 2 * MARGIN ? SCRATCH : Buffer.alloc(length + 2 * MARGIN);
  // Calling out of JavaScript takes as long as some hundred characters.
  if (length > SHORT) bytes.write(text, MARGIN, 'latin1');
  else for (let i = 0; i < length; i++) bytes[MARGIN + i] = text.charCodeAt(i);
  // Behind the text is what another left there.
  bytes[MARGIN + length] = 0;
  return bytes;
}
const SHORT = 64;

/** The secrets that start in the first `limit` characters, in order, without overlaps. */
export function scan(text: string, limit: number): Match[] {
  const end = Math.min(text.length, limit + MAX_BEFORE);
  const bytes = lowBytes(text);
  let found = NOTHING;
  let floor = 0;
  for (let block = 0; block < end; block += BLOCK) {
    const count = candidates(bytes, block, Math.min(end, block + BLOCK));
    for (let k = 0; k < count; k++) {
      const i = CANDIDATES[k]!;
      const anchor = ANCHORS[bytes[MARGIN + i]! & 127]!;
      if (i < floor || !isPromising(anchor, text, bytes, MARGIN + i)) continue;
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
  return found;
}

const BLOCK = 1024;
const CANDIDATES = new Uint32Array(BLOCK + 1);

/** Puts where a pair of {@link PAIRS} ends into {@link CANDIDATES}, without a branch for each character. */
function candidates(bytes: Buffer, start: number, end: number): number {
  let count = 0;
  let pair = bytes[MARGIN + start - 1]! & 127;
  for (let i = start; i < end; i++) {
    pair = ((pair << 7) | (bytes[MARGIN + i]! & 127)) & 0x3fff;
    CANDIDATES[count] = i;
    count += PAIRS[pair]!;
  }
  return count;
}

const NOTHING: Match[] = [];

/** A look at the neighbours of the byte at `i`, which sends most anchors away. */
function isPromising(anchor: number, text: string, bytes: Buffer, i: number): boolean {
  switch (anchor) {
    case PREFIX:
      return mayBePrefix(bytes, i);
    case HYPHEN:
      return isHyphenPromising(bytes, i);
    case COLON:
      if (bytes[i + 1] === 0x2f) return mayHaveUser(text, i - MARGIN + 3, bytes, i + 3);
      return (
        bytes[i + 1] === 0x5c ||
        (bytes[i + 1] === 0x41 && bytes[i + 2] === 0x41) ||
        (mayEndKey(bytes, i) && !isHarmlessBefore(text, i - MARGIN, bytes, i))
      );
    case COMMA:
      return (
        isQuote(bytes[i - 1]) &&
        (isQuote(bytes[i + 1]) || isQuote(bytes[i + 2]) || isQuote(bytes[i + 3]))
      );
    case ELEMENT:
      return (
        (isWordByte(bytes[i - 1]) || bytes[i - 1] === 0x22) &&
        (bytes[i + 1] !== 0x3c || bytes[i + 2] === 0x21)
      );
    case SPACE:
      return mayBeSentence(bytes, i) && isMixed(bytes, i + 1);
    case DOT:
      return (
        (bytes[i + 7] === 0x2e && isWordByte(bytes[i - 20])) ||
        mayBePrefix(bytes, i) ||
        (bytes[i - 17] === 0x70 && bytes[i - 16] === 0x61 && bytes[i - 15] === 0x74)
      );
    case SEPARATOR:
      return mayEndKey(bytes, i) && !isHarmlessBefore(text, i - MARGIN, bytes, i);
    case NUMBER:
      return mayStartCard(text, bytes, i);
    case SCHEME:
      return isScheme(bytes, i);
    default:
      return true;
  }
}

/** 'Bear' or 'Basi' */
function isScheme(bytes: Buffer, i: number): boolean {
  const [a, b, c] = [bytes[i + 1]! | 0x20, bytes[i + 2]! | 0x20, bytes[i + 3]! | 0x20];
  if (a === 0x65) return b === 0x61 && c === 0x72;
  return a === 0x61 && b === 0x73 && c === 0x69;
}

/** A prefix, `--option`, `-u`, `-p`, `-----BEGIN` or `Private-Lines`. */
function isHyphenPromising(bytes: Buffer, i: number): boolean {
  const next = bytes[i + 1];
  const isStart =
    i === 0 || bytes[i - 1]! <= 0x27 || bytes[i - 1] === 0x60 || bytes[i - 1] === 0x5b;
  if (isStart && next === 0x2d) return bytes[i + 2] !== 0x2d || isBeforeBegin(bytes, i);
  if (isStart && (next === 0x75 || next === 0x70 || next === 0x61)) return true;
  // `-su`, and the data centre of Mailchimp
  if (bytes[i + 2] === 0x75 && isStart) return true;
  if (next === 0x75 && bytes[i + 2] === 0x73) return true;
  if (next === 0x2d) return isBeforeBegin(bytes, i);
  return mayBePrefix(bytes, i) || (next === 0x4c && bytes[i - 1] === 0x65);
}

/** `----BEGIN` or `-----BEGIN`, and not in the middle of a line. */
function isBeforeBegin(bytes: Buffer, i: number): boolean {
  if (bytes[i + 3] !== 0x2d) return false;
  const behind = bytes[i + 4] === 0x2d ? i + 5 : i + 4;
  return bytes[behind] === 0x42 || bytes[behind] === 0x20;
}

/** A quote, or the backslash before one. */
function isQuote(byte: number | undefined): boolean {
  return byte === 0x22 || byte === 0x27 || byte === 0x5c || byte === 0x60;
}

function isWordByte(byte: number | undefined): boolean {
  return byte !== undefined && ((byte | 0x20) >= 0x61 ? (byte | 0x20) <= 0x7a : isDigit(byte));
}

/** Whether the word at `i` has a digit behind its first character: few words of a sentence do. */
function isMixed(bytes: Buffer, i: number): boolean {
  for (let at = i; at < i + MAX_MIXED; at++) {
    const byte = bytes[at];
    if (byte === undefined || byte <= 0x20) return false;
    if (isDigit(byte)) return true;
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
function mayBeSentence(bytes: Buffer, i: number): boolean {
  const end = bytes[i - 1] === 0x3a ? i - 1 : i;
  const first = SENTENCE_ENDS[endOfWord(bytes[end - 3]!, bytes[end - 2]!, bytes[end - 1]!)]!;
  if (first <= 1) return first === 1;
  const before = end - first;
  return SENTENCE_ENDS[endOfWord(bytes[before - 3]!, bytes[before - 2]!, bytes[before - 1]!)] === 1;
}

/** Whether a name may end before the separator at `i`: behind it quotes and spaces. */
function mayEndKey(bytes: Buffer, i: number): boolean {
  let last = i - 1;
  const least = i - 13;
  for (; last > least; last--) {
    const byte = bytes[last];
    if (byte !== 0x20 && byte !== 0x22 && byte !== 0x27 && byte !== 0x5c && byte !== 0x5d) break;
  }
  let byte = bytes[last];
  if (!isWordByte(byte)) return false;
  // Lines and columns of a stack trace, hours and minutes.
  while (isDigit(byte)) byte = bytes[--last];
  if (!isWordByte(byte) && byte !== 0x5f && byte !== 0x2d) return false;
  // No such name has two letters: it is the `ts:12` of a stack trace.
  return bytes[last - 2]! > 0x2e || bytes[last - 1]! > 0x2e;
}

/** Whether 13 digits start here, or four of a group. */
function mayStartCard(text: string, bytes: Buffer, i: number): boolean {
  // Not by its low byte: a letter beyond Latin-1 before the number would hide it.
  if (isDigit(text.charCodeAt(i - MARGIN - 1))) return false;
  for (let count = 1; count < 4; count++) if (!isDigit(bytes[i + count])) return false;
  if (!isDigit(bytes[i + 4])) {
    for (let count = 5; count < 9; count++) if (!isDigit(bytes[i + count])) return false;
    return true;
  }
  for (let count = 5; count < 13; count++) if (!isDigit(bytes[i + count])) return false;
  return true;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
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
