// The history of a remote query service: the same functions as connect() has.
import { UnavailableError } from '../base/errors.ts';
import { type History, historyOf } from '../history.ts';
import { fromProblem, problem } from './problem.ts';

/** Options of {@link createClient}. */
export interface ClientOptions {
  /** Base address of the query service. @default 'http://127.0.0.1:4320' */
  url?: string;
  /** Bearer token, where the service asks for one. */
  token?: string;
  /** Milliseconds after which a request is given up. @default 30000 */
  timeout?: number;
  /**
   * Whether every answer has to be computed again. Otherwise, while many ask, it may be some seconds old
   * (`--query-max-age-seconds` of the service). @default false
   */
  fresh?: boolean;
}

/** Opens the history of a query service. Nothing is sent before the first call. */
export function createClient(options: ClientOptions = {}): History {
  const { url = 'http://127.0.0.1:4320', token, timeout = 30_000, fresh } = options;
  const base = `${url.replace(/\/+$/, '')}/api/v1`;

  async function ask(path: string, query: object, body?: unknown): Promise<unknown> {
    const target = new URL(base + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) target.searchParams.set(name, String(value));
    }
    const response = await fetch(target, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(fresh ? { 'cache-control': 'no-cache' } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeout),
    }).catch((error: Error) => {
      const reason = (error.cause as Error | undefined)?.message ?? error.message;
      throw new UnavailableError(`no query service answers at ${url}: ${reason}`, { cause: error });
    });
    const answer: unknown = await response.json().catch(() => undefined);
    if (response.ok && answer !== undefined) return answer;
    const refusal = problem.safeParse(answer);
    throw refusal.success
      ? fromProblem(refusal.data)
      : new UnavailableError(`${url} answered ${response.status}, but not as a query service does`);
  }

  return historyOf(
    (asked, fields) => {
      const { of, path, method } = asked;
      const { [of ?? '']: id, ...rest } = fields;
      const target = path.replace(/:\w+/, encodeURIComponent(String(id)));
      return method === 'GET' ? ask(target, rest) : ask(target, {}, rest);
    },
    async () => {},
  );
}
