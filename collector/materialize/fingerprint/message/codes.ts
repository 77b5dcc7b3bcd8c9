// Which tokens are codes: statuses of HTTP, errnos, the codes of errors. They count wherever they stand.
import { ERROR_WORDS, STATUS_WORDS } from './conventions.ts';
import { NUM, type Tokens } from './tokens.ts';

/** Characters of an error's code. */
const MAX_CODE = 48;
const ERRNOS = new Set(
  (
    'EACCES EADDRINUSE EADDRNOTAVAIL EAGAIN EAI_AGAIN EAI_FAIL EAI_NONAME EBADF EBUSY ECANCELED ECONNABORTED ' +
    'ECONNREFUSED ECONNRESET EDEADLK EDQUOT EEXIST EFBIG EHOSTDOWN EHOSTUNREACH EINTR EINVAL EIO EISDIR ' +
    'EMFILE EMSGSIZE ENAMETOOLONG ENETDOWN ENETRESET ENETUNREACH ENFILE ENOBUFS ENODATA ENOENT ENOEXEC ENOMEM ' +
    'ENOSPC ENOSYS ENOTCONN ENOTDIR ENOTEMPTY ENOTFOUND ENOTSOCK ENOTSUP EPERM EPIPE EPROTO ERANGE EROFS ' +
    'ESOCKETTIMEDOUT ESRCH ESTALE ETIMEDOUT ETXTBSY EXDEV'
  ).split(' '),
);
const SCREAMING = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/;
const LETTERED = /^[A-Z]{1,10}[-_]?\d{1,6}$/;

/**
 * Whether a chunk that is about to be added is a code.
 * @param kind what it is by its form
 */
export function isCode(
  tokens: Tokens,
  start: number,
  end: number,
  kind: number,
  hasRequest: boolean,
): boolean {
  if (end - start > MAX_CODE) return false;
  const { text } = tokens;
  const first = text.charCodeAt(start);
  if (kind === NUM && first <= 0x39) {
    return isStatus(tokens, start, end, hasRequest) || isErrno(tokens, start);
  }
  if (first < 0x41 || first > 0x5a) return isAtom(text, start);
  const word = text.slice(start, end);
  if (ERRNOS.has(word) || word.startsWith('ERR_')) return true;
  const before = tokens.lowerAt(tokens.count - 1);
  if (LETTERED.test(word)) return isNamed(tokens, before);
  return SCREAMING.test(word) && standsAsCode(tokens, start, end, before);
}

/** Whether the chunk is an HTTP status of an error. */
function isStatus(tokens: Tokens, start: number, end: number, hasRequest: boolean): boolean {
  const { text } = tokens;
  const first = text.charCodeAt(start);
  if (end - start !== 3 || (first !== 0x34 && first !== 0x35) || hasRequest) return false;
  if (tokens.count === 0) return true;
  const before = tokens.lowerAt(tokens.count - 1);
  return (
    STATUS_WORDS.has(before) ||
    before.endsWith('error') ||
    before.endsWith('.code') ||
    before.startsWith('http/') ||
    // '502 Bad Gateway' in quotes or brackets.
    ('\'"`[('.includes(text[start - 1]!) && text[end] === ' ')
  );
}

/** `[Errno 111]`, `Code: 252.`, `exit status 2` */
function isErrno(tokens: Tokens, start: number): boolean {
  const before = tokens.at(tokens.count - 1);
  if (tokens.count === 0 || start - tokens.ends[tokens.count - 1]! > 2) return false;
  return before === 'Errno' || before === 'WinError' || before === 'errno' || before === 'SQLSTATE';
}

function isNamed(tokens: Tokens, before: string): boolean {
  return (
    ERROR_WORDS.has(before) ||
    (before === 'code' && ERROR_WORDS.has(tokens.lowerAt(tokens.count - 2)))
  );
}

/** At the start, behind a status or a word such as "code", or alone in brackets. */
function standsAsCode(tokens: Tokens, start: number, end: number, before: string): boolean {
  const { text, count } = tokens;
  if (count === 0 || STATUS_WORDS.has(before) || ERROR_WORDS.has(before)) return true;
  if (/^[45]\d\d$/.test(before)) return true;
  return '(['.includes(text[start - 1] ?? ' ') && ')]'.includes(text[end] ?? ' ');
}

/** `:timeout` of Elixir and Ruby. */
function isAtom(text: string, start: number): boolean {
  return (
    text[start - 1] === ':' &&
    ' ,{[('.includes(text[start - 2] ?? ' ') &&
    /[a-z]/.test(text[start]!)
  );
}
