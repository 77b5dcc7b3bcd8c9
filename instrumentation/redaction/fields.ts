// Values under secret-like keys in text: `key=value`, `key: value`, headers, and JSON at any depth of
// quoting.
import { ALNUM, DIGIT, isAt, LETTER, NAME, runEnd, VALUE_END } from './characters.ts';
import { kindOfKey, LAST_TWO } from './keys.ts';
import { type Match, markEnd, markOf } from './match.ts';
import { isOpaque } from './tokens.ts';

const MAX_KEY = 64;
/** How far a value without quotes is looked at before it is taken for one. */
const MAX_LOOK = 128;

/** Quotes with the backslashes before them: `"`, `\"` inside JSON text, `\\\"` inside that. */
interface Quote {
  readonly text: string;
  readonly slashes: number;
}

interface Key {
  readonly kind: string;
  readonly quote: Quote | undefined;
}

/** The value behind the '=' or ':' at `index`, when the key before it is that of a secret. */
export function secretField(text: string, index: number): Match | undefined {
  const key = keyBefore(text, index);
  if (key === undefined) return undefined;
  const separator = text[index]!;
  let start = index + 1;
  if (separator === '=' && text[start] === '>') start++;
  if (separator === ':' && (text[start] === ':' || text[start] === '/')) return undefined;
  const tight = start;
  while (start < tight + 8 && (text[start] === ' ' || text[start] === '\t')) start++;
  // Python's b'…' and the like.
  const quote = quoteAt(text, start) ?? (isAnyOf(text, start, 'bur') && quoteAt(text, start + 1));
  if (quote) return quotedValue(text, text.indexOf(quote.text, start), quote, key);
  if (key.quote !== undefined) return jsonValue(text, start, key.kind, key.quote);
  if (separator === ':' && (key.kind === 'authorization' || key.kind === 'cookie')) {
    return headerValue(text, start, key.kind);
  }
  return bareValue(text, start, key.kind, separator === '=' && start === tight);
}

function isAnyOf(text: string, index: number, characters: string): boolean {
  return index < text.length && characters.includes(text[index]!.toLowerCase());
}

function keyBefore(text: string, index: number): Key | undefined {
  let last = index - 1;
  while (last > index - 4 && text[last] === ' ') last--;
  // `headers["x-api-key"] = …`, and not the mark of a secret.
  if (text[last] === ']' && (text[last - 1] === '"' || text[last - 1] === "'")) last--;
  let quote: Quote | undefined;
  if (text[last] === '"' || text[last] === "'") {
    let slashes = 0;
    while (slashes < 7 && text[last - 1 - slashes] === '\\') slashes++;
    quote = { text: text.slice(last - slashes, last + 1), slashes };
    last -= slashes + 1;
  }
  const [a, b] = [text.charCodeAt(last - 1), text.charCodeAt(last)];
  if (!(a < 128 && b < 128) || LAST_TWO[a * 128 + b] === 0) return undefined;
  const kind = kindOfKey(text.slice(keyStart(text, last), last + 1));
  return kind === '' ? undefined : { kind, quote };
}

function keyStart(text: string, last: number): number {
  const least = Math.max(0, last - MAX_KEY);
  let start = last + 1;
  while (start > least && runEnd(text, start - 1, NAME, start) === start) start--;
  // 'API key: …' is two words.
  if (last - start === 2 && text[start - 1] === ' ') {
    let word = start - 1;
    while (word > least && runEnd(text, word - 1, ALNUM, word) === word) word--;
    if (word < start - 1) return word;
  }
  return start;
}

function quoteAt(text: string, start: number): Quote | undefined {
  let end = start;
  while (end < start + 7 && text[end] === '\\') end++;
  if (text[end] !== '"' && text[end] !== "'" && text[end] !== '`') return undefined;
  return { text: text.slice(start, end + 1), slashes: end - start };
}

/** A value in quotes; without its end it reaches to the end of the text. */
function quotedValue(text: string, at: number, quote: Quote, key: Key): Match | undefined {
  const start = at + quote.text.length;
  const end = closingQuote(text, start, quote);
  if (end === start || markEnd(text, start) === end) return undefined;
  return { start, end, kind: key.kind };
}

/**
 * Where the value that is quoted so ends. Each depth of quoting doubles the backslashes and adds one,
 * so their number before a quote tells whether it is inside the value.
 */
function closingQuote(text: string, from: number, { text: quote, slashes }: Quote): number {
  const sign = quote.at(-1)!;
  for (let at = text.indexOf(sign, from); at >= 0; at = text.indexOf(sign, at + 1)) {
    let before = 0;
    while (at - before > from && text[at - before - 1] === '\\') before++;
    if (before < slashes) return at - before;
    if (Math.floor((before - slashes) / (slashes + 1)) % 2 === 0) return at - slashes;
  }
  return text.length;
}

const LITERAL = /(?:true|false|null|None|True|False|undefined)(?![\w-])/y;
const BARE_JSON = /[^,}\]\s"'\\]*/y;

/** A value without quotes under a key with them: number, list or object. */
function jsonValue(text: string, start: number, kind: string, quote: Quote): Match | undefined {
  const first = text[start];
  if (first === undefined || markEnd(text, start) >= 0) return undefined;
  LITERAL.lastIndex = start;
  if (LITERAL.test(text)) return undefined;
  if (first === '{' || first === '[') {
    return { start, end: closingBracket(text, start, quote), kind, quote: quote.text };
  }
  BARE_JSON.lastIndex = start;
  BARE_JSON.test(text);
  const end = BARE_JSON.lastIndex;
  return end === start ? undefined : { start, end, kind, quote: quote.text };
}

/** Where the list or object that starts here ends; the end of the text when it is cut. */
function closingBracket(text: string, start: number, quote: Quote): number {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const character = text[i]!;
    if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') {
      depth--;
      if (depth === 0) return i + 1;
    } else if (text.startsWith(quote.text, i)) {
      i = closingQuote(text, i + quote.text.length, quote) + quote.slashes;
    }
  }
  return text.length;
}

/** Escapes that end a value as the character that they stand for does. */
const END_ESCAPES = `nrtu"'`;
const NO_VALUES = new Set(
  'null none nil undefined true false str string bytes required missing invalid expired'.split(' '),
);

/** A value without quotes. Behind anything but a `key=` it must look like a secret. */
function bareValue(
  text: string,
  start: number,
  kind: string,
  isAssigned: boolean,
): Match | undefined {
  const marked = markEnd(text, start);
  // A URL whose user is called so: what follows is its host.
  if (text.startsWith(`${markOf('url_password')}@`, start)) return undefined;
  if (marked >= 0 && endOfBare(text, marked, marked + 1) === marked) return undefined;
  const seen = endOfBare(text, start, start + MAX_LOOK);
  if (seen === start || NO_VALUES.has(text.slice(start, seen).toLowerCase())) return undefined;
  if (kind !== 'password') {
    if (seen - start < (isAssigned && kind !== 'azure_key' ? 3 : 8)) return undefined;
    if (!isAssigned && !isOpaque(text, start, seen)) return undefined;
  } else if (text[start] === '/' || !hasWordCharacter(text, start, seen)) {
    // PWD is also where a shell works.
    return undefined;
  }
  return { start, end: endOfBare(text, seen, text.length), kind };
}

function hasWordCharacter(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    if (text.charCodeAt(i) > 127 || runEnd(text, i, LETTER | DIGIT, i + 1) > i) return true;
  }
  return false;
}

function endOfBare(text: string, from: number, most: number): number {
  const end = Math.min(most, text.length);
  let i = from;
  while (i < end && !isAt(text, i, VALUE_END)) {
    if (text[i] === '\\') {
      if (i + 1 >= text.length || END_ESCAPES.includes(text[i + 1]!)) break;
      i++;
    }
    i++;
  }
  return Math.min(i, text.length);
}

const END_OF_LINE = /[\r\n"'`]|\\[nr"']/g;
const SCHEME = /(?:bearer|basic)[ \t]/iy;

/** The rest of a header's line; credentials of a known scheme are found by their scheme. */
function headerValue(text: string, start: number, kind: string): Match | undefined {
  SCHEME.lastIndex = start;
  if (SCHEME.test(text) || markEnd(text, start) >= 0) return undefined;
  const look = text.slice(start, start + MAX_LOOK).split(/[\r\n"'`\\]/, 1)[0]!;
  if (!looksLikeHeader(look, kind)) return undefined;
  END_OF_LINE.lastIndex = start;
  const end = END_OF_LINE.test(text) ? END_OF_LINE.lastIndex : text.length;
  return { start, end: end === text.length ? end : lineEnd(text, end), kind };
}

function lineEnd(text: string, behind: number): number {
  return text[behind - 2] === '\\' ? behind - 2 : behind - 1;
}

function looksLikeHeader(line: string, kind: string): boolean {
  if (kind === 'cookie') return /^[^\s=;,]{1,128}=/.test(line);
  return line
    .split(/[\s,=]+/, 8)
    .some((word) => word.length >= 8 && isOpaque(word, 0, word.length));
}
