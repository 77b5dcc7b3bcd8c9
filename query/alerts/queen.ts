// The way into Hive's Queen: `POST /api/sessions/{id}/queen-context`, which puts a message before her next
// turn and starts none.

import { abortedAfter } from './time-limit.ts';

const TIMEOUT_MS = 30_000;
const MAX_ANSWER = 500;

export interface QueenMessage {
  /** Address of Hive's server. */
  readonly url: string;
  readonly session: string;
  readonly message: string;
  /** `X-Hive-Token`, which Hive asks for when its desktop app started it. */
  readonly token?: string | undefined;
  /** Breaks it off. @default nothing but 30 s */
  readonly signal?: AbortSignal | undefined;
}

/** What Hive answers: `queued`, or `queued_revived` when it had to wake the Queen. */
export interface QueenAnswer {
  readonly status: string;
  readonly delivered: boolean;
}

/** The brief as the Queen reads it; it fences what came from spans, so nothing is added but its name. */
export function queenMessage(agent: string, markdown: string): string {
  const name = JSON.stringify(agent);
  return `[FAILURE_HISTORY] Read this before you change the graph of agent ${name}.\n\n${markdown.trim()}\n`;
}

/**
 * Hands a message to the Queen.
 * @throws {Error} if Hive cannot be reached, does not know the session, or has no Queen; the message says
 *   which and what to do
 */
export async function pushToQueen(given: QueenMessage): Promise<QueenAnswer> {
  const url = queenContextUrl(given.url, given.session);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(given.token && { 'x-hive-token': given.token }),
      },
      body: JSON.stringify({ message: given.message }),
      redirect: 'manual',
      signal: abortedAfter(TIMEOUT_MS, given.signal),
    });
    text = await response.text();
  } catch (error) {
    const { message, cause } = error as Error & { cause?: { code?: string } };
    throw new Error(`Hive at ${url.origin} cannot be reached: ${cause?.code ?? message}`);
  }
  const answer = parsed(text);
  if (response.ok && typeof answer?.status === 'string') {
    return { status: answer.status, delivered: answer.delivered === true };
  }
  const said = typeof answer?.error === 'string' ? answer.error : text;
  throw new Error(
    `Hive answered ${response.status}: ${JSON.stringify(said.slice(0, MAX_ANSWER))}${adviceOn(response.status)}`,
  );
}

/** A session that Hive's server has in memory, and what the agent that it has loaded is called. */
export interface QueenSession {
  readonly id: string;
  readonly names: readonly string[];
}

/** Sessions of Hive's server; none when it does not say, which a message to one of them will show. */
export async function queenSessions(given: {
  readonly url: string;
  readonly token?: string | undefined;
}): Promise<QueenSession[]> {
  const url = hiveUrl(given.url, '/api/sessions');
  try {
    const response = await fetch(url, {
      headers: given.token ? { 'x-hive-token': given.token } : {},
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const { sessions } = parsed(await response.text()) ?? {};
    return Array.isArray(sessions) ? sessions.flatMap(sessionOf) : [];
  } catch {
    return [];
  }
}

function sessionOf(session: unknown): QueenSession[] {
  const known = (session ?? {}) as Record<string, unknown>;
  const text = (key: string) => (typeof known[key] === 'string' ? known[key] : '');
  const id = text('session_id');
  const folder = text('agent_path').split('/').filter(Boolean).at(-1) ?? '';
  const names = [text('graph_id'), text('worker_id'), text('colony_id'), folder];
  return id === '' ? [] : [{ id, names: names.filter((name) => name !== '') }];
}

function queenContextUrl(base: string, session: string): URL {
  return hiveUrl(base, `/api/sessions/${encodeURIComponent(session)}/queen-context`);
}

function hiveUrl(base: string, route: string): URL {
  const url = URL.canParse(base) ? new URL(base) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new Error(
      `--hive-url must be an address such as http://127.0.0.1:8787, got ${JSON.stringify(base)}`,
    );
  }
  url.pathname = `${url.pathname.replace(/\/$/, '')}${route}`;
  return url;
}

function adviceOn(status: number): string {
  if (status === 404) return '; GET /api/sessions of that server lists its sessions';
  if (status === 401) return '; --hive-token is its HIVE_DESKTOP_TOKEN';
  if (status === 503) return '; the session has no Queen: open it in Hive first';
  return '';
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
