// What must not leave the process: values under secret-like keys and secrets that show by their form.
// Every input, state, message and stack passes through `redact`.
import { type Json, toPlain } from './plain.ts';

/** How often each kind of secret was removed. */
export type Redactions = Record<string, number>;

/** A value without its secrets, and what was removed from it. */
export interface Redacted {
  readonly value: Json;
  readonly redactions: Redactions;
}

/** Removes secrets from plain JSON; may throw, and then the field is dropped. */
export type Redactor = (value: Json) => Redacted;

const SECRET_KEY =
  /(?:password|passwd|passphrase|secret|secretkey|token|apikey|accesskey|accesskeyid|privatekey|authorization|cookie|cookies|credential|credentials)$/;
const NOT_SECRET = new Set(['nextpagetoken', 'pagetoken', 'continuationtoken']);
const SECRET_NAMES = new Set(['auth', 'pwd', 'bearer', 'jwt']);

interface Pattern {
  readonly kind: string;
  readonly hint: string;
  readonly form: RegExp;
  readonly keep?: string;
}

// Each form starts only where no character of its own alphabet stands before it, so that a long
// hostile string is scanned once and not once per position.
const PATTERNS: readonly Pattern[] = [
  {
    kind: 'jwt',
    hint: 'eyJ',
    form: /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?/g,
  },
  {
    kind: 'bearer',
    hint: 'earer',
    form: /(?<![A-Za-z])([Bb]earer\s{1,8})[A-Za-z0-9._~+/=-]{8,}/g,
    keep: '$1',
  },
  {
    kind: 'api_key',
    hint: 'k-',
    form: /(?<![A-Za-z0-9_-])(?:sk|rk|pk)-[A-Za-z0-9_-]{12,}/g,
  },
  { kind: 'api_key', hint: 'k_', form: /(?<![A-Za-z0-9_-])[srp]k_(?:live|test)_[A-Za-z0-9]{8,}/g },
  { kind: 'api_key', hint: 'gh', form: /(?<![A-Za-z0-9_])gh[opsur]_[A-Za-z0-9]{20,}/g },
  { kind: 'api_key', hint: 'xox', form: /(?<![A-Za-z0-9])xox[abprs]-[A-Za-z0-9-]{10,}/g },
  { kind: 'aws_key', hint: 'AKIA', form: /(?<![A-Z0-9])AKIA[0-9A-Z]{16}/g },
  {
    kind: 'url_password',
    hint: '://',
    form: /(:\/\/[^\s:@/]{0,128}:)[^\s@/]{1,256}(?=@)/g,
    keep: '$1',
  },
  {
    kind: 'password',
    hint: '=',
    form: /(?<![A-Za-z])((?:password|passwd|pwd|secret|token|api[_-]?key|access_token|client_secret)=)[^\s"'&;,)}\]]{3,}/gi,
    keep: '$1',
  },
];

/** Removes values under secret-like keys and the obvious forms of secrets. The default redactor. */
export const redact: Redactor = (value) => {
  const redactions: Redactions = {};
  return { value: clean(value, redactions), redactions };
};

/**
 * Makes any value plain and runs `redactor` over it.
 * @throws whatever the redactor throws: the caller must drop the field.
 */
export function redactAny(value: unknown, redactor: Redactor): Redacted {
  return redactor(toPlain(value));
}

function clean(value: Json, redactions: Redactions): Json {
  if (typeof value === 'string') return cleanText(value, redactions);
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => clean(item, redactions));
  const result: { [key: string]: Json } = {};
  for (const [key, member] of Object.entries(value)) {
    const kind = secretKind(key, member);
    const cleaned = kind === undefined ? clean(member, redactions) : mark(kind, redactions);
    Object.defineProperty(result, cleanText(key, redactions), {
      value: cleaned,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return result;
}

function secretKind(key: string, value: Json): string | undefined {
  if (value === null || value === '' || typeof value === 'boolean') return undefined;
  if (key.length > 128) return undefined;
  const name = key.toLowerCase().replace(/[^a-z0-9]/g, '');
  if (NOT_SECRET.has(name)) return undefined;
  if (SECRET_NAMES.has(name)) return name;
  return SECRET_KEY.exec(name)?.[0];
}

function mark(kind: string, redactions: Redactions): string {
  redactions[kind] = (redactions[kind] ?? 0) + 1;
  return `[redacted:${kind}]`;
}

function cleanText(text: string, redactions: Redactions): string {
  let result = cutPrivateKeys(text, redactions);
  for (const { kind, hint, form, keep } of PATTERNS) {
    if (!result.includes(hint)) continue;
    result = result.replace(form, (_match, before?: string) => {
      return `${keep === undefined ? '' : (before ?? '')}${mark(kind, redactions)}`;
    });
  }
  return result;
}

const KEY_START = /-----BEGIN [A-Z ]{0,24}PRIVATE KEY-----/g;
const KEY_END = /-----END [A-Z ]{0,24}PRIVATE KEY-----/g;

/** A block without its end is cut to the end of the text: better too much than a key. */
function cutPrivateKeys(text: string, redactions: Redactions): string {
  if (!text.includes('PRIVATE KEY-----')) return text;
  let result = '';
  let position = 0;
  for (;;) {
    KEY_START.lastIndex = position;
    const start = KEY_START.exec(text);
    if (start === null) return result + text.slice(position);
    result += text.slice(position, start.index) + mark('private_key', redactions);
    KEY_END.lastIndex = start.index;
    const end = KEY_END.exec(text);
    if (end === null) return result;
    position = end.index + end[0].length;
  }
}
