// The history as a remote query service tells it: the same functions as connect() has.
import { UnavailableError } from '../base/errors.ts';
import type { History } from '../history.ts';
import { fromProblem, problem } from './problem.ts';

export interface ClientOptions {
  /** Base address of the query service. @default 'http://127.0.0.1:4320' */
  url?: string;
  /** Bearer token, where the service asks for one. */
  token?: string;
  /** Milliseconds after which a request is given up. @default 30000 */
  timeout?: number;
  /**
   * Whether every answer has to be worked out anew. Otherwise, while many ask, it may be some seconds old
   * (`--query-max-age-seconds` of the service). @default false
   */
  fresh?: boolean;
}

/** Opens the history of a query service. Nothing is asked before the first call. */
export function createClient(options: ClientOptions = {}): History {
  const { url = 'http://127.0.0.1:4320', token, timeout = 30_000, fresh } = options;
  const base = `${url.replace(/\/+$/, '')}/api/v1`;

  async function ask<T>(path: string, query: object = {}, body?: unknown): Promise<T> {
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
    if (response.ok && answer !== undefined) return answer as T;
    const told = problem.safeParse(answer);
    throw told.success
      ? fromProblem(told.data)
      : new UnavailableError(`${url} answered ${response.status}, but not as a query service does`);
  }

  const segment = encodeURIComponent;
  return {
    agents: (options = {}) => ask('/agents', options),
    recentFailures: (filter = {}) => ask('/failures', filter),
    failure: (failureId) => ask(`/failures/${segment(failureId)}`),
    cases: (fingerprint, filter = {}) => ask(`/groups/${segment(fingerprint)}/cases`, filter),
    nodes: (agentId, filter = {}) => ask(`/agents/${segment(agentId)}/nodes`, filter),
    timeline: (agentId, filter = {}) => ask(`/agents/${segment(agentId)}/timeline`, filter),
    retryAdvice: (agentId, failure) => ask(`/agents/${segment(agentId)}/retry-advice`, failure),
    similarFailures: (question) => ask('/failures/similar', question),
    cascade: (failureId) => ask(`/failures/${segment(failureId)}/cascade`),
    evolutions: (filter = {}) => ask('/evolutions', filter),
    evolution: (evolutionId) => ask(`/evolutions/${segment(evolutionId)}`),
    effects: (evolutionId) => ask(`/evolutions/${segment(evolutionId)}/effects`),
    recordEvolution: (input) => ask('/evolutions', {}, input),
    groups: (filter = {}) => ask('/groups', filter),
    group: (fingerprint) => ask(`/groups/${segment(fingerprint)}`),
    changeGroup: (fingerprint, change) => ask(`/groups/${segment(fingerprint)}/events`, {}, change),
    alerts: (filter = {}) => ask('/alerts', filter),
    brief: (agentId, request = {}) => ask(`/agents/${segment(agentId)}/brief`, request),
    graph: (ref) => ask(`/graphs/${segment(ref)}`),
    diffGraphs: (from, to) => ask('/graphs/diff', { from, to }),
    sql: (sql, params) => ask('/sql', {}, params ? { sql, params } : { sql }),
    close: async () => {},
  };
}
