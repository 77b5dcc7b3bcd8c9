// The name before a separator: in JSON, headers and settings, behind quotes, before a type, in the member beside it.
import { ALNUM, NAME, runEnd } from './characters.ts';
import { type SecretName, secretInQuery, secretName } from './keys.ts';

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
  let quote: Quote | undefined;
  if (text[last] === '"' || text[last] === "'") {
    let slashes = 0;
    while (slashes < 7 && text[last - 1 - slashes] === '\\') slashes++;
    quote = { text: text.slice(last - slashes, last + 1), slashes };
    last -= slashes + 1;
  }
  // `[password] => …`, as PHP prints it.
  if (text[last] === ']' && text[index + 1] === '>') last--;
  const start = keyStart(text, last);
  const key = text.slice(start, last + 1);
  const name =
    secretName(key) ??
    (isAnyOf(text, start - 1, '?&') ? secretInQuery(key) : undefined) ??
    (text[index] === '=' && TYPES.has(key) ? typedName(text, index) : undefined);
  if (name === undefined || ARN.test(text.slice(Math.max(0, start - 64), start))) return undefined;
  return { ...name, quote };
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

export function keyOfPair(text: string, index: number): Key | undefined {
  // Of `value`, behind it at most quotes and a space.
  if (!isAnyOf(text, index - 1, `et"'\\ `)) return undefined;
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
  while (start > least && runEnd(text, start - 1, NAME, start) === start) start--;
  // 'API key: …' is two words.
  if (last - start === 2 && text[start - 1] === ' ') {
    let word = start - 1;
    while (word > least && runEnd(text, word - 1, ALNUM, word) === word) word--;
    if (word < start - 1) return word;
  }
  return start;
}
