// The name before a separator: in JSON, headers and settings, behind quotes, before a type, in the member beside it.
import { ALNUM, isAt, isCode, NAME } from './characters.ts';
import type { Codes } from './codes.ts';
import { ownCopy, type SecretName, secretInQuery, secretName } from './keys.ts';

/** The longest name. */
export const MAX_KEY = 64;

/** Quotes with the backslashes before them: `"`, `\"` inside JSON text, `\\\"` inside that. */
export interface Quote {
  readonly text: string;
  readonly slashes: number;
}

/** The name before a separator, and what it says. */
export interface Key extends SecretName {
  readonly quote: Quote | undefined;
}

/** Whether the character at `index` is one of these, in either case. */
export function isAnyOf(text: string, index: number, characters: string): boolean {
  return index >= 0 && index < text.length && characters.includes(text[index]!.toLowerCase());
}

/** The name that ends before `index`, with its quotes, if it is that of a secret. */
export function keyBefore(text: string, index: number): Key | undefined {
  let last = index - 1;
  while (last > index - 4 && text[last] === ' ') last--;
  // `headers["x-api-key"] = …`, and not the mark of a secret.
  if (text[last] === ']' && (text[last - 1] === '"' || text[last - 1] === "'")) last--;
  let slashes = 0;
  const quoteEnd = text[last] === '"' || text[last] === "'" ? last + 1 : 0;
  if (quoteEnd > 0) {
    while (slashes < 7 && text[last - 1 - slashes] === '\\') slashes++;
    last -= slashes + 1;
  }
  // `[password] => …`, as PHP prints it.
  if (text[last] === ']' && text[index + 1] === '>') last--;
  const start = keyStart(text, last);
  const key = text.slice(start, last + 1);
  const inQuery = isAnyOf(text, start - 1, '?&');
  const isTyped = text[index] === '=' && TYPES.has(key);
  const name =
    secretName(key) ??
    (inQuery ? secretInQuery(key) : undefined) ??
    (isTyped ? typedName(text, index) : undefined);
  if (name === undefined) {
    if (!inQuery && !TYPES.has(key) && !IN_PAIRS.test(key)) rememberHarmless(key);
    return undefined;
  }
  if (ARN.test(text.slice(Math.max(0, start - 64), start))) return undefined;
  const quote = quoteEnd > 0 ? quoteBefore(text, quoteEnd, slashes) : undefined;
  return { ...name, quote };
}

function quoteBefore(text: string, end: number, slashes: number): Quote {
  return { text: text.slice(end - 1 - slashes, end), slashes };
}

/** A name of Amazon's has no secret behind `secret:`. */
const ARN = /arn:aws[\w-]*:secretsmanager:[\w-]*:\d*:$/;
/** How the names of types end; that of `Optional[str]` in nothing that a name has. */
const TYPES = new Set(['str', 'string', 'String', 'bytes', 'None', 'undefined', '']);
const TYPED =
  /([\w.-]{2,64})\??: ?(?:str|string|String|bytes|Optional\[str\]|str \| None|string \| undefined) ?$/;

/** The name before a type: `api_key: str = …`. */
function typedName(text: string, index: number): SecretName | undefined {
  const key = TYPED.exec(text.slice(Math.max(0, index - 96), index))?.[1];
  return key === undefined ? undefined : secretName(key);
}

/** A name in one member and its value in the next: `{"name": "X-Api-Key", "value": "…"}`, `key="ApiKey" value="…"`. */
const PAIR =
  /(?:name|key|header|field|param|path|type)\\{0,7}["']?\s{0,4}[:=]\s{0,4}\\{0,7}["']?\/?([\w.-]{2,64})\\{0,7}["']?,?\s{0,12}\\{0,7}(?:["']?[\w-]{1,24}\\{0,7}["']?\s{0,2}[:=]\s{0,2}\\{0,7}["'][\w.-]{0,40}\\{0,7}["'],?\s{1,4}|["']?op\\{0,7}["']?:\\{0,7}["']\w{1,10}\\{0,7}["'],)?\\{0,7}["']?(?:value|content)$/i;
const PAIR_LENGTH = 160;
/** The name behind the value. */
const NAME_BEHIND =
  /\s{0,4}\\{0,7}["'][^"'\\]{1,512}\\{0,7}["']\s{0,4},\s{0,12}\\{0,7}["'](?:name|key|header)\\{0,7}["']\s{0,4}:\s{0,4}\\{0,7}["']([\w.-]{2,64})\\{0,7}["']/iy;

/** The name in the member beside one that is called `value` or `content`, whose separator is at `index`. */
export function keyOfPair(text: string, index: number): Key | undefined {
  let last = index;
  while (last > index - 4 && (text[last - 1] === ' ' || text[last - 1] === '\\')) last--;
  const sign = text[last - 1];
  const isQuoted = sign === '"' || sign === "'";
  let end = isQuoted ? last - 1 : last;
  let slashes = 0;
  while (isQuoted && slashes < 7 && text[end - 1] === '\\') {
    end--;
    slashes++;
  }
  if (!isAnyOf(text, end - 2, 'un')) return undefined;
  const isContent = text[end - 1] === 't' && text.slice(end - 7, end).toLowerCase() === 'content';
  if (!isContent && (text[end - 1] !== 'e' || text.slice(end - 5, end).toLowerCase() !== 'value'))
    return undefined;
  NAME_BEHIND.lastIndex = index + 1;
  const name =
    secretName(PAIR.exec(text.slice(Math.max(0, end - PAIR_LENGTH), end))?.[1] ?? '') ??
    (isQuoted && !isContent ? secretName(NAME_BEHIND.exec(text)?.[1] ?? '') : undefined);
  if (name === undefined) return undefined;
  const quote = isQuoted ? { text: text.slice(end, last), slashes } : undefined;
  return { ...name, quote };
}

function keyStart(text: string, last: number): number {
  const least = Math.max(0, last - MAX_KEY);
  let start = last + 1;
  while (start > least && isAt(text, start - 1, NAME)) start--;
  // 'API key: …' is two words.
  if (last - start === 2 && text[start - 1] === ' ') {
    let word = start - 1;
    while (word > least && isAt(text, word - 1, ALNUM)) word--;
    if (word < start - 1) return word;
  }
  return start;
}

/** Names by a sum of theirs that say nothing in any place: most names of a text have come before. */
const HARMLESS = new Array<string>(4096).fill('');
/** Names that say something with the member beside them. */
const IN_PAIRS = /(?:name|value|content)$/i;
/** A name of three letters may be the second of two words. */
const OF_TWO_WORDS = 3;

function rememberHarmless(name: string): void {
  if (name.length === OF_TWO_WORDS || name.length >= MAX_KEY) return;
  let sum = 0;
  for (let i = name.length - 1; i >= 0; i--) sum = sumWith(sum, name.charCodeAt(i));
  HARMLESS[sum & 4095] = ownCopy(name);
}

function sumWith(sum: number, code: number): number {
  return (sum * 31 + code) & 0xffff;
}

/**
 * Whether {@link keyBefore} and {@link keyOfPair} have run on the name before `index`, and found none.
 * @param codes of the text, whose `index` is at `at`
 */
export function isHarmlessBefore(text: string, index: number, codes: Codes, at: number): boolean {
  let end = at;
  while (end > at - 12 && !isCode(codes[end - 1]!, NAME)) end--;
  let start = end;
  let sum = 0;
  while (start > end - MAX_KEY && isCode(codes[start - 1]!, NAME)) {
    start--;
    sum = sumWith(sum, codes[start]!);
  }
  const name = HARMLESS[sum & 4095]!;
  if (name === '' || name.length !== end - start) return false;
  const before = codes[start - 1];
  return before !== 0x3f && before !== 0x26 && text.startsWith(name, index - (at - start));
}
