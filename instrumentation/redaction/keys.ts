// Names whose values are secrets, in JSON, attributes, headers, settings and command lines. Some say it
// whatever the value is (`password`), others only of a value that looks like a secret (`SESSION_KEY`,
// `PASSWORD_PEPPER`), since as many such names have values that are none.
import { RULES } from './rules.generated.ts';

/** What a name says of its value. */
export interface SecretName {
  readonly kind: string;
  /** The least length of a value that looks like a secret; 0 when the value goes whatever it is. */
  readonly least: number;
}

const { names } = RULES;
const ENDINGS = Object.entries(names.endings)
  .flatMap(([kind, endings]) => endings.map((ending) => [ending, kind] as const))
  .sort(([a], [b]) => b.length - a.length);
const WHOLE = new Map(Object.entries(names.whole));
const ANYWHERE = new Map(Object.entries(names.anywhere));
const LAST = new Map(Object.entries(names.last));
const QUALIFIERS = new Set(names.qualifiers);
const IN_QUERY = new Map(Object.entries(names.in_query));
const HARMLESS_LAST = new Set(names.harmless_last);
const HARMLESS_BEFORE = new Set(names.harmless_key_before);
const OPEN_TOKEN = new RegExp(names.open_token);

const MAX_KEY_LENGTH = 128;
const MAX_REMEMBERED = 4096;
/** `key` is in many names: its value has to be long. */
const LEAST_OF_KEY = 16;
const LEAST = 8;
const LEAST_OF_CODE = 24;
/** `null` for names that say nothing. */
const remembered = new Map<string, SecretName | null>();

/** What the name says; nothing for most. */
export function secretName(key: string): SecretName | undefined {
  if (key.length > MAX_KEY_LENGTH || key.length < 2) return undefined;
  const known = remembered.get(key);
  if (known !== undefined) return known ?? undefined;
  const found = find(key);
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  remembered.set(ownCopy(key), found ?? null);
  return found;
}

/** A copy that does not keep the whole text which it is a part of. */
export function ownCopy(part: string): string {
  return Buffer.from(part, 'utf16le').toString('utf16le');
}

/** The same of a name in the query of a URL. */
export function secretInQuery(key: string): SecretName | undefined {
  const kind = IN_QUERY.get(key);
  return kind === undefined ? undefined : { kind, least: LEAST_OF_CODE };
}

/** The kind of secret that a name alone makes of any value; '' for other names. */
export function kindOfKey(key: string): string {
  const name = secretName(key);
  return name?.least === 0 ? name.kind : '';
}

/** The kind of secret that a value is under this name; '' if it is none. */
export function kindOfValue(key: string, value: string): string {
  const name = secretName(key);
  if (name === undefined) return '';
  return name.least === 0 || looksSecret(value, 0, value.length, name.least) ? name.kind : '';
}

function find(key: string): SecretName | undefined {
  const snake = key
    .replace(/([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])/g, '$1$3_$2$4')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_');
  if (OPEN_TOKEN.test(snake)) return undefined;
  const tail = key.slice(key.lastIndexOf('.') + 1).toLowerCase();
  const whole = WHOLE.get(tail);
  if (whole !== undefined) return { kind: whole, least: 0 };
  const ending = endingOf(snake);
  if (ending !== undefined) return { kind: ending, least: 0 };
  const words = snake.split('_').filter((word) => word !== '');
  const last = words.at(-1) ?? '';
  while (words.length > 1 && isQualifier(words.at(-1)!)) words.pop();
  const bare = endingOf(words.join('_'));
  if (bare !== undefined) return { kind: bare, least: LEAST };
  const kind = LAST.get(words.at(-1)!);
  if (kind !== undefined) {
    return HARMLESS_BEFORE.has(words.at(-2) ?? '') ? undefined : { kind, least: LEAST_OF_KEY };
  }
  if (HARMLESS_LAST.has(last)) return undefined;
  const found = words.map((word) => ANYWHERE.get(word)).find((known) => known !== undefined);
  return found === undefined ? undefined : { kind: found, least: LEAST };
}

function endingOf(snake: string): string | undefined {
  const name = snake.replaceAll('_', '');
  return ENDINGS.find(([ending]) => name.endsWith(ending))?.[1];
}

/** `_2`, `_V2`, `_PROD`. */
function isQualifier(word: string): boolean {
  return QUALIFIERS.has(word) || /^v?\d{1,4}$/.test(word);
}

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
/** Paths, addresses, times, and names with colons: what generators of secrets do not make. */
const NO_SECRET =
  /^(?:[./~]|(?!base64:)[a-z][a-z0-9+.-]*:|[\w.-]+(?:\/[\w.-]+)+\.[a-z]{1,5}$|\d{4}-\d\d-\d\d|\[redact)|[\s<>{}()]/i;
const MAX_LENGTH = 256;

/** Whether a value looks as if a machine had made it: letters and digits mixed, and no text. */
export function looksSecret(text: string, start: number, end: number, least: number): boolean {
  const length = end - start;
  if (length < least || length > MAX_LENGTH) return false;
  const value = text.slice(start, end);
  return /\d/.test(value) && /[a-z]/i.test(value) && !NO_SECRET.test(value) && !UUID.test(value);
}
