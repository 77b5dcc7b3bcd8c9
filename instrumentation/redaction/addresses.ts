// Passwords in URLs and e-mail addresses.
import { ALNUM, afterEscape, DOT, isAt, JOINER, MAILBOX } from './characters.ts';
import type { Codes } from './codes.ts';
import { type Match, markEnd, withoutMarks } from './match.ts';

const MAX_USERINFO = 512;
/** PHP writes `\/` into JSON. */
const ESCAPED = ':\\/\\/';
const USERINFO = /[^\s"'<>`\\]{1,512}/y;
/** What a URL without a user has before its path: a host, and a port or an address in brackets. */
const NO_USER = /^[^\s/?#@]*(?:$|[/?#])/;
const PORT_OR_BRACKET = /^(?:[\w.-]*:\d{1,5}|\[[\da-fA-F:.]+\](?::\d{1,5})?)(?:$|[/?#])/;
/** A host behind the last `@`. */
const HOST = /^[\w[](?:[\w.:\]-]*)(?:$|[/?#,;)}&])/;
/** A user's name that is a key, such as that of a DSN of Sentry's. */
const KEY_AS_USER = /^(?=.*\d)[0-9A-Za-z_-]{20,}$/;

/** The password of `scheme://user:password@host`, whose ':' behind the scheme is at `index`. */
export function urlPassword(text: string, index: number): Match | undefined {
  const separator = text.startsWith('://', index) ? '://' : ESCAPED;
  if (separator === ESCAPED && !text.startsWith(ESCAPED, index)) return undefined;
  const from = index + separator.length;
  USERINFO.lastIndex = from;
  const info = USERINFO.exec(text)?.[0];
  if (info === undefined || PORT_OR_BRACKET.test(info)) return undefined;
  const at = userEnd(info);
  const colon = withoutMarks(info).indexOf(':');
  if (NO_USER.test(info) && (colon < 0 || colon > info.search(/[/?#]|$/))) return undefined;
  if (markEnd(text, from) === from + at) return undefined;
  if (colon < 0 || colon > at) {
    if (at > 0 && KEY_AS_USER.test(info.slice(0, at))) {
      return { start: from, end: from + at, kind: 'url_password' };
    }
  }
  if (colon < 0 || at <= colon + 1) {
    // A bound that is reached leaves a password open: it goes with what was seen of it.
    if (colon < 0 || info.length < MAX_USERINFO) return undefined;
    return { start: from + colon + 1, end: from + info.length, kind: 'url_password' };
  }
  const start = isOpenUser(info.slice(0, colon)) ? from + colon + 1 : from;
  const end = from + at;
  if (markEnd(text, start) === end || /^\*+$/.test(text.slice(start, end))) return undefined;
  return { start, end, kind: 'url_password' };
}

const URL_END = new Uint8Array(128);
for (let code = 0; code <= 0x20; code++) URL_END[code] = 1;
for (const sign of '"\'<>`\\') URL_END[sign.charCodeAt(0)] = 1;

/** Whether the URL whose user would start at `from` may have one: an '@' stands before its end, as most have none. */
export function mayHaveUser(codes: Codes, from: number): boolean {
  for (let i = from; i < from + MAX_USERINFO; i++) {
    const code = codes[i]!;
    if (code === 0x40) return true;
    if (code < 128 && URL_END[code] === 1) return false;
  }
  return true;
}

/** Where the user's part ends: at the last '@' with a host behind it; -1 when there is none. */
function userEnd(info: string): number {
  for (let at = info.lastIndexOf('@'); at >= 0; at = info.lastIndexOf('@', at - 1)) {
    if (HOST.test(info.slice(at + 1, at + 256)) || at + 1 === info.length) return at;
    if (at === 0) break;
  }
  return info.lastIndexOf('@');
}

/** Whether a user's name can stay: it is neither an address nor long enough to be a key. */
function isOpenUser(name: string): boolean {
  return !name.includes('@') && (name.length < 13 || !/[\dA-Z]/.test(name));
}

/** A user in a URL; another could be the mailbox of an address behind `://`. */
const PLAIN_USER = /^[\w-]+$/;
const MAX_MAILBOX = 64;
const MAX_DOMAIN = 253;

/** An e-mail address around the '@' at `index`, from `floor` on. */
export function email(text: string, index: number, floor: number): Match | undefined {
  const start = mailboxStart(text, index, Math.max(floor, index - MAX_MAILBOX));
  const mailbox = text.slice(start, index);
  if (mailbox === '' || mailbox === 'git') return undefined;
  if (PLAIN_USER.test(mailbox) && text.startsWith('://', start - 3)) return undefined;
  const end = domainEnd(text, index + 1);
  if (end < 0) return undefined;
  return { start, end, kind: 'email' };
}

function mailboxStart(text: string, index: number, floor: number): number {
  let start = index;
  while (start > floor && (isAt(text, start - 1, MAILBOX) || isLetterBeyondAscii(text, start - 1)))
    start--;
  start = afterEscape(text, start, index);
  while (start < index && !isAt(text, start, ALNUM | JOINER) && !isLetterBeyondAscii(text, start))
    start++;
  return start;
}

/** Latin with accents, Greek, Cyrillic, Hebrew, Arabic and what lies between. */
function isLetterBeyondAscii(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code >= 0xc0 && code < 0x2000;
}

const TOP_LEVEL = /^(?:[a-z\u00c0-\u1fff]{2,63}|xn--[a-z0-9-]{1,59})$/i;

/** Where a domain name with a top level that is no number ends; -1 when there is none. */
function domainEnd(text: string, from: number): number {
  let end = from;
  const most = Math.min(text.length, from + MAX_DOMAIN);
  while (
    end < most &&
    (isAt(text, end, ALNUM | DOT) || text[end] === '-' || isLetterBeyondAscii(text, end))
  )
    end++;
  // '1.9.0-rc.beta' is a version.
  if (/^\d+\.\d/.test(text.slice(from, from + 8))) return -1;
  // What a sentence has put behind the name is no part of it.
  for (;;) {
    while (end > from && (text[end - 1] === '.' || text[end - 1] === '-')) end--;
    const dot = from + text.slice(from, end).lastIndexOf('.');
    if (dot <= from) return -1;
    if (TOP_LEVEL.test(text.slice(dot + 1, end))) return end;
    end = dot;
  }
}
