// Values under secret-like keys in text: `key=value`, `key: value`, headers, and JSON at any depth of
// quoting.
import { DIGIT, isAt, LETTER, NAME, runEnd, VALUE_END } from './characters.ts';
import { looksSecret, type SecretName, secretName } from './keys.ts';
import { type Match, markEnd, markOf } from './match.ts';
import { isAnyOf, type Key, keyBefore, keyOfPair, MAX_KEY, type Quote } from './names.ts';
import { isOpaque } from './tokens.ts';

/** How far a value without quotes is looked at before it is taken for one. */
const MAX_LOOK = 128;
/** The longest value that goes because it looks like a secret. */
const MAX_SOFT = 256;

/** The value behind the '=' or ':' at `index`, when the key before it is that of a secret. */
export function secretField(text: string, index: number): Match | undefined {
  const key = keyBefore(text, index) ?? keyOfPair(text, index);
  if (key === undefined) return text[index] === '=' ? partValue(text, index) : undefined;
  const separator = text[index]!;
  let start = index + 1;
  if (separator === '=' && text[start] === '>') start++;
  if (separator === ':' && (text[start] === ':' || text[start] === '/')) return undefined;
  const tight = start;
  while (start < tight + 8 && (text[start] === ' ' || text[start] === '\t')) start++;
  const beyond = text[start] === '&' ? entityValue(text, start, key) : nextLine(text, start, key);
  if (beyond !== undefined) return beyond;
  // Python's b'…' and the like.
  const quote = quoteAt(text, start) ?? (isAnyOf(text, start, 'bur') && quoteAt(text, start + 1));
  if (quote) return quotedValue(text, text.indexOf(quote.text, start), quote, key);
  if (key.quote !== undefined && !isCall(text, start))
    return jsonValue(text, start, key, key.quote);
  const inside = insideCall(text, start, key);
  if (inside !== undefined) return inside.end > inside.start ? inside : undefined;
  if (
    key.least === 0 &&
    separator === ':' &&
    (key.kind === 'authorization' || key.kind === 'cookie')
  ) {
    return headerValue(text, start, key.kind);
  }
  return bareValue(text, start, key, separator === '=' && start === tight);
}

const LINE =
  /[ \t]*(?:[|>][-+]?)?[ \t]*(?:\r?\n|\\n)[ \t]{0,40}(?:string\(\d{1,6}\) ")?([^\s"'\\]{8,256})"?[ \t]*(?=\r?\n|\\n|$)/y;

/** The word on the next line, when it looks like a secret. */
function nextLine(text: string, start: number, key: Key): Match | undefined {
  if (!isAnyOf(text, start, '\r\n|>\\')) return undefined;
  LINE.lastIndex = start;
  const word = LINE.exec(text)?.[1];
  if (word === undefined || word.endsWith(':')) return undefined;
  const from = text.indexOf(word, start);
  const isSecret = looksSecret(text, from, from + word.length, Math.max(8, key.least));
  return isSecret ? { start: from, end: from + word.length, kind: key.kind } : undefined;
}

const ENTITY = /(&(?:quot|apos|#34|#39|#x22|#x27);)(.{1,512}?)\1/y;

/** A value in quotes that are written as entities. */
function entityValue(text: string, at: number, { kind, least }: Key): Match | undefined {
  ENTITY.lastIndex = at;
  const found = ENTITY.exec(text);
  if (found === null || markEnd(found[2]!, 0) >= 0) return undefined;
  const start = at + found[1]!.length;
  const end = start + found[2]!.length;
  return least > 0 && !looksSecret(text, start, end, least) ? undefined : { start, end, kind };
}

const CALL = /(?:[A-Za-z_][\w.]{0,40})?\(/y;

function isCall(text: string, start: number): boolean {
  CALL.lastIndex = start;
  return CALL.test(text);
}

/** The last text in quotes inside `SecretStr('…')` or `('user', '…')`; an empty match where that was removed. */
function insideCall(text: string, start: number, key: Key): Match | undefined {
  CALL.lastIndex = start;
  if (!CALL.test(text)) return undefined;
  let at = CALL.lastIndex;
  const most = at + MAX_LOOK * 2;
  let found: Match | undefined;
  while (at < most) {
    while (at < most && (text[at] === ' ' || text[at] === ',')) at++;
    if (isAnyOf(text, at, 'bur') && quoteAt(text, at + 1)) at++;
    const quote = quoteAt(text, at);
    if (quote === undefined) break;
    const inner = at + quote.text.length;
    const marked = markEnd(text, inner) >= 0 ? { start: at, end: at, kind: key.kind } : found;
    found = quotedValue(text, at, quote, key) ?? marked;
    at = closingQuote(text, at + quote.text.length, quote) + quote.text.length;
  }
  return found && /^\*+$/.test(text.slice(found.start, found.end)) ? undefined : found;
}

/** The quote that opens at `start`. */
export function quoteAt(text: string, start: number): Quote | undefined {
  let end = start;
  while (end < start + 7 && text[end] === '\\') end++;
  if (text[end] !== '"' && text[end] !== "'" && text[end] !== '`') return undefined;
  return { text: text.slice(start, end + 1), slashes: end - start };
}

/** A value in quotes; without its end it reaches to the end of the text. */
export function quotedValue(
  text: string,
  at: number,
  quote: Quote,
  key: SecretName,
): Match | undefined {
  let start = at + quote.text.length;
  // Three quotes around what may have lines.
  if (quote.slashes === 0 && text.startsWith(quote.text.repeat(2), start)) start += 2;
  if (key.least > 0) {
    const end = start + closingQuote(text.slice(start, start + MAX_SOFT), 0, quote);
    return looksSecret(text, start, end, key.least) ? { start, end, kind: key.kind } : undefined;
  }
  const end = closingQuote(text, start, quote);
  if (end === start || markEnd(text, start) === end || isHidden(text, start, end)) return undefined;
  return { start, end, kind: key.kind };
}

/** Whether somebody has put stars or dots there already. */
function isHidden(text: string, start: number, end: number): boolean {
  return end - start < 40 && /^(?:\*+|•+|\.{3,}|x{4,}|X{4,})$/.test(text.slice(start, end));
}

/** What stands for a value: a variable, a call that reads it, a type. */
const STANDS_FOR =
  /^(?:\$\{|\$\(|\{\{|\$[A-Z_]+$|%[A-Z_]+%$|\[[A-Z][A-Z _-]*$|(?:process|import\.meta)\.env\b|os\.(?:environ|getenv)|ENV\[|System\.getenv|Secret(?:Str|Bytes)$|Optional\[)/;

/**
 * Where the value that is quoted so ends. Each depth of quoting doubles the backslashes and adds one,
 * so their number before a quote shows whether it is inside the value.
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
function jsonValue(
  text: string,
  start: number,
  { kind, least }: SecretName,
  quote: Quote,
): Match | undefined {
  const first = text[start];
  if (first === undefined || markEnd(text, start) >= 0) return undefined;
  LITERAL.lastIndex = start;
  if (LITERAL.test(text)) return undefined;
  if (least > 0 && (first !== '[' || !holdsSecret(text, start, least))) return undefined;
  if (first === '{' || first === '[') {
    return { start, end: closingBracket(text, start, quote), kind, quote: quote.text };
  }
  BARE_JSON.lastIndex = start;
  BARE_JSON.test(text);
  const end = BARE_JSON.lastIndex;
  return end === start ? undefined : { start, end, kind, quote: quote.text };
}

const ELEMENT = /\s*\\{0,7}["']([^"'\\]{8,512})\\{0,7}["']/y;

/** Whether the first text of a list looks like a secret. */
function holdsSecret(text: string, start: number, least: number): boolean {
  ELEMENT.lastIndex = start + 1;
  const first = ELEMENT.exec(text)?.[1] ?? '';
  return looksSecret(first, 0, first.length, least);
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

/** The words of a wallet. */
const PHRASE = /(?:[a-z]{3,8}[ ,]{1,2}){11,23}[a-z]{3,8}(?![\w])/y;
/** Behind the name of a field in a form of parts. */
const PART = /\\{0,3}["'](?:\r?\n|\\r\\n|\\n){2}([^\s\\]{3,512})/y;

/** The content of a part of a form whose `name=` is at `index`. */
function partValue(text: string, index: number): Match | undefined {
  const quote = text.startsWith('name', index - 4) ? quoteAt(text, index + 1) : undefined;
  if (quote === undefined) return undefined;
  const start = index + 1 + quote.text.length;
  const end = runEnd(text, start, NAME, start + MAX_KEY);
  PART.lastIndex = end;
  const value = PART.exec(text)?.[1];
  const name = value === undefined ? undefined : secretName(text.slice(start, end));
  if (value === undefined || name === undefined || markEnd(value, 0) > 0) return undefined;
  const to = PART.lastIndex;
  const from = to - value.length;
  if (name.least > 0 && !looksSecret(text, from, to, name.least)) return undefined;
  return { start: from, end: to, kind: name.kind };
}

/** A value without quotes. Behind anything but a `key=` it must look like a secret. */
function bareValue(
  text: string,
  start: number,
  { kind, least }: SecretName,
  isAssigned: boolean,
): Match | undefined {
  const marked = markEnd(text, start);
  // A URL whose user is called so: what follows is its host.
  if (text.startsWith(`${markOf('url_password')}@`, start)) return undefined;
  if (marked >= 0 && endOfBare(text, marked, marked + 1) === marked) return undefined;
  const seen = endOfBare(text, start, start + MAX_LOOK);
  if (seen === start || isHidden(text, start, seen)) return undefined;
  const value = text.slice(start, seen);
  if (NO_VALUES.has(value.toLowerCase()) || STANDS_FOR.test(value)) return undefined;
  const quote =
    isAnyOf(text, start, '{[') && kind === 'cookie' ? quoteAt(text, start + 1) : undefined;
  if (quote) return { start, end: closingBracket(text, start, quote), kind };
  PHRASE.lastIndex = start;
  if (kind === 'secret' && PHRASE.test(text)) return { start, end: PHRASE.lastIndex, kind };
  if (least > 0) {
    const end = endOfBare(text, seen, start + MAX_SOFT);
    return looksSecret(text, start, end, least) ? { start, end, kind } : undefined;
  }
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

/** Where a value without quotes ends, at most at `most`. */
export function endOfBare(text: string, from: number, most: number): number {
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
const DIGEST = /digest [^\r\n]{1,2048}/iy;

/** The rest of a header's line; credentials of a known scheme are found by their scheme. */
function headerValue(text: string, start: number, kind: string): Match | undefined {
  SCHEME.lastIndex = start;
  if (SCHEME.test(text) || markEnd(text, start) >= 0) return undefined;
  DIGEST.lastIndex = start;
  if (DIGEST.test(text)) return { start, end: DIGEST.lastIndex, kind };
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
