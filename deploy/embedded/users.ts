/** Who asks: the two users, and where a request carries their name and password. */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ClickHouseException, ErrorCode } from './exception.ts';
import type { Role } from './settings.ts';

export const WRITER_NAME = 'faultline';
export const READER_NAME = 'reader';

/**
 * The role of a request's user.
 * Read in the server's order: `X-ClickHouse-User` and `-Key`, basic auth, URL parameters.
 * @throws ClickHouseException 516 for an unknown user or a wrong password.
 */
export function authenticate(req: IncomingMessage, url: URLSearchParams, password: string): Role {
  const { name, given } = credentials(req, url);
  if (name === READER_NAME && given === '') return 'reader';
  if (name === WRITER_NAME && sameText(given, password)) return 'writer';
  throw new ClickHouseException(
    ErrorCode.AUTHENTICATION_FAILED,
    `${name}: Authentication failed: password is incorrect, or there is no user with such name.`,
  );
}

function credentials(req: IncomingMessage, url: URLSearchParams): { name: string; given: string } {
  const header = req.headers['x-clickhouse-user'];
  const key = req.headers['x-clickhouse-key'];
  if (header !== undefined || key !== undefined) {
    return { name: String(header ?? 'default'), given: String(key ?? '') };
  }
  const basic = /^Basic\s+(\S+)$/i.exec(req.headers.authorization ?? '');
  if (basic) {
    const pair = Buffer.from(basic[1] ?? '', 'base64').toString('utf8');
    const colon = pair.indexOf(':');
    return colon < 0
      ? { name: pair, given: '' }
      : { name: pair.slice(0, colon), given: pair.slice(colon + 1) };
  }
  return { name: url.get('user') ?? 'default', given: url.get('password') ?? '' };
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
