// One pass over a text. Each form of a secret is noticed by one character that is rare in other text,
// and only there its matcher is asked. Every matcher looks a bounded way around, or at what none will
// look at again, so the whole takes linear time whatever the text is.
import { email, urlPassword } from './addresses.ts';
import { card } from './cards.ts';
import { elementContent, nextElement, nextWord, optionValue } from './elements.ts';
import { secretField } from './fields.ts';
import type { Match } from './match.ts';
import {
  awsSecret,
  dottedKey,
  jwt,
  mailchimpKey,
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

const ANCHORS = new Uint8Array(256);
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
 * The anchor at `before * 256 + byte`: most of them are none behind most characters. No digit is ruled out by what
 * stands before it: a letter beyond Latin-1 may have the low byte of another.
 */
const PAIR_ANCHORS = new Uint8Array(256 * 256);
for (let pair = 0; pair < PAIR_ANCHORS.length; pair++) {
  const anchor = ANCHORS[pair % 256]!;
  if (anchor !== 0 && mayStandBehind(anchor, pair >> 8, pair % 256)) PAIR_ANCHORS[pair] = anchor;
}

function mayStandBehind(anchor: number, before: number, byte: number): boolean {
  const sign = String.fromCharCode(before);
  switch (anchor) {
    case PREFIX:
      return before < 128 && PREFIX_PAIRS[before * 128 + byte] === 1;
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

// The low bytes of the text: reading them is twice as fast as reading the string. A character beyond
// Latin-1 may look like another here, so matchers look at the text itself.
const SCRATCH = Buffer.allocUnsafeSlow(64 * 1024);

/** The secrets that start in the first `limit` characters, in order, without overlaps. */
export function scan(text: string, limit: number): Match[] {
  const end = Math.min(text.length, limit + MAX_BEFORE);
  const bytes = text.length <= SCRATCH.length ? SCRATCH : Buffer.allocUnsafe(text.length);
  bytes.write(text, 'latin1');
  // Behind the text is what another left there.
  if (text.length < bytes.length) bytes[text.length] = 0;
  let found = NOTHING;
  let floor = 0;
  let i = 0;
  let before = 0;
  while (i < end) {
    const byte = bytes[i]!;
    const anchor = PAIR_ANCHORS[before * 256 + byte]!;
    before = byte;
    const match =
      anchor !== 0 && isPromising(anchor, text, bytes, i) ? ask(anchor, text, i, floor) : undefined;
    if (match === undefined || match.start < floor) {
      i++;
      continue;
    }
    if (found === NOTHING) found = [];
    found.push(match);
    floor = match.end;
    const second = match.kind === 'aws_key' ? awsSecret(text, floor) : undefined;
    if (second !== undefined) {
      found.push(second);
      floor = second.end;
    }
    i = Math.max(i + 1, floor);
    before = bytes[i - 1]!;
  }
  return found;
}

const NOTHING: Match[] = [];

/** A look at the neighbours, which sends most anchors away. */
function isPromising(anchor: number, text: string, bytes: Buffer, i: number): boolean {
  switch (anchor) {
    case HYPHEN:
      return isHyphenPromising(bytes, i);
    case COLON:
      return (
        bytes[i + 1] === 0x2f ||
        bytes[i + 1] === 0x5c ||
        (bytes[i + 1] === 0x41 && bytes[i + 2] === 0x41) ||
        mayEndKey(bytes, i)
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
        isPair(PREFIX_PAIRS, bytes, i) ||
        (bytes[i - 17] === 0x70 && bytes[i - 16] === 0x61)
      );
    case SEPARATOR:
      return mayEndKey(bytes, i);
    case NUMBER:
      return mayStartCard(text, bytes, i);
    case SCHEME:
      // 'Bearer' or 'Basic'
      return (bytes[i + 1]! & 0xdb) === 0x41 && (bytes[i + 2]! & 0xcd) === 0x41;
    default:
      return true;
  }
}

/** Whether the byte and the one before it are set in a table of `before * 128 + byte`. */
function isPair(table: Uint8Array, bytes: Buffer, i: number): boolean {
  const before = bytes[i - 1]!;
  const byte = bytes[i]!;
  return before < 128 && byte < 128 && table[before * 128 + byte] === 1;
}

/** A prefix, `--option`, `-u`, `-p`, `-----BEGIN` or `Private-Lines`. */
function isHyphenPromising(bytes: Buffer, i: number): boolean {
  const next = bytes[i + 1];
  const isStart =
    i === 0 || bytes[i - 1]! <= 0x27 || bytes[i - 1] === 0x60 || bytes[i - 1] === 0x5b;
  if (isStart && (next === 0x2d || next === 0x75 || next === 0x70 || next === 0x61)) return true;
  // `-su`, and the data centre of Mailchimp
  if (bytes[i + 2] === 0x75 && isStart) return true;
  if (next === 0x75 && bytes[i + 2] === 0x73) return true;
  if (next === 0x2d) return bytes[i + 2] === 0x2d;
  return isPair(PREFIX_PAIRS, bytes, i) || (next === 0x4c && bytes[i - 1] === 0x65);
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

/** Whether a word such as `password` or `token`, or `is` behind one, may end before the space at `i`. */
function mayBeSentence(bytes: Buffer, i: number): boolean {
  // A value begins with a letter or a digit, or in quotes, and words that follow each other seldom are mixed.
  const [a, b] = [bytes[i - 2]! | 0x20, bytes[i - 1]! | 0x20];
  if (b === 0x64) return a === 0x72 || a === 0x77 || a === 0x65;
  if (b === 0x6e) return a === 0x65;
  if (b === 0x79) return a === 0x65 || a === 0x62;
  if (b === 0x74) return a === 0x65 || a === 0x61;
  if (b === 0x68) return a === 0x74;
  if (b === 0x73) return a === 0x69 || a === 0x61;
  if (b === 0x65) return a === 0x73 || a === 0x64;
  return bytes[i - 1] === 0x3a && bytes[i + 1] !== 0x20 && mayBeSentence(bytes, i - 1);
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
  if (isDigit(text.charCodeAt(i - 1))) return false;
  for (let count = 1; count < 4; count++) if (!isDigit(bytes[i + count])) return false;
  if (!isDigit(bytes[i + 4])) return isDigit(bytes[i + 5]);
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
  if (text[index + 1] === '-' && text[index + 2] === '-') return privateKey(text, index);
  return (
    prefixedKey(text, index) ??
    optionValue(text, index) ??
    puttyKey(text, index) ??
    mailchimpKey(text, index)
  );
}
