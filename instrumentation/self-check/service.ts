// Asks the query service, shortly, and never as part of the app's own trace.

import { type RequestOptions, request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';

/** Where the query service is. */
export interface Service {
  /** Its base address, such as `http://127.0.0.1:4320`. */
  readonly url: string;
  readonly token: string | undefined;
}

/** What the query service knows of a node. */
export interface NodeHistory {
  readonly failureCount: number;
  readonly consecutiveFailures: number;
  /** Milliseconds since the epoch. */
  readonly lastFailureAt: number | undefined;
}

/** The newest failure of a node. */
export interface NewestFailure {
  readonly nodeId: string;
  readonly fingerprint: string;
  readonly errorType: string;
  readonly class: string;
  readonly condition: string;
}

export interface Advice {
  readonly advice: 'retry' | 'back_off' | 'stop';
  readonly reason: string;
  readonly chance: number | null;
  /** The median of the waits before retries that succeeded, in milliseconds. */
  readonly waitMs: number | undefined;
}

/** What is known of the failure that the advice is about. */
export type Question = Readonly<Record<string, string | number | undefined>>;

/** How long an answer is waited for. */
export interface Patience {
  readonly timeoutMs: number;
  /** Whether a process with nothing else to do waits for it. */
  readonly holds: boolean;
}

const ADVICE = ['retry', 'back_off', 'stop'];
const MAX_CHARS = 16 * 1024 * 1024;

/** @throws {Error} if it does not answer in time, refuses, or gives no advice */
export async function askAdvice(
  service: Service,
  agentId: string,
  question: Question,
  patience: Patience,
): Promise<Advice> {
  const answer = await ask(service, adviceOf(agentId), question, patience);
  const { advice, reason, chance } = answer;
  if (!ADVICE.includes(advice as string) || typeof reason !== 'string') {
    throw new Error('the query service gave no advice');
  }
  return {
    advice: advice as Advice['advice'],
    reason,
    chance: typeof chance === 'number' ? chance : null,
    waitMs: numberIn(objectIn(answer.wait_ms).median),
  };
}

/** @throws {Error} as {@link askAdvice} */
export async function askNode(
  service: Service,
  agentId: string,
  nodeId: string,
  patience: Patience,
): Promise<NodeHistory> {
  // The facts of the node come with any advice; the class says nothing of them.
  const question = { node: nodeId, class: 'unclassified' };
  const { node } = await ask(service, adviceOf(agentId), question, patience);
  const { failure_count, consecutive_failures, last_failure_at } = objectIn(node);
  if (typeof failure_count !== 'number') throw new Error('the query service named no node');
  const at = typeof last_failure_at === 'string' ? Date.parse(last_failure_at) : Number.NaN;
  return {
    failureCount: failure_count,
    consecutiveFailures: numberIn(consecutive_failures) ?? 0,
    lastFailureAt: Number.isNaN(at) ? undefined : at,
  };
}

/** The newest failure of each node, by the agent's last failures. @throws {Error} as {@link askAdvice} */
export async function askNewest(
  service: Service,
  agentId: string,
  limit: number,
  patience: Patience,
): Promise<NewestFailure[]> {
  const { items } = await ask(service, 'failures', { agent: agentId, limit }, patience);
  if (!Array.isArray(items)) throw new Error('the query service listed no failures');
  const newest = new Map<string, NewestFailure>();
  for (const item of items.map(objectIn)) {
    const nodeId = textIn(item.node_id);
    if (item.level !== 'node' || nodeId === '' || newest.has(nodeId)) continue;
    newest.set(nodeId, {
      nodeId,
      fingerprint: textIn(item.fingerprint),
      errorType: textIn(item.error_type),
      class: textIn(item.class),
      condition: textIn(item.condition),
    });
  }
  return [...newest.values()];
}

async function ask(
  { url, token }: Service,
  path: string,
  query: Question,
  { timeoutMs, holds }: Patience,
): Promise<Record<string, unknown>> {
  const address = new URL(`api/v1/${path}`, url.endsWith('/') ? url : `${url}/`);
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) address.searchParams.set(key, String(value));
  }
  const signal = AbortSignal.timeout(timeoutMs);
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const { status, text } = await context
    .with(suppressTracing(context.active()), () => get(address, { headers, signal }, holds))
    .catch((error: unknown) => {
      throw new Error(
        signal.aborted
          ? `the query service did not answer within ${timeoutMs} ms`
          : 'the query service cannot be reached',
        { cause: error },
      );
    });
  if (status !== 200) throw new Error(`the query service answered ${status}`);
  try {
    return objectIn(JSON.parse(text));
  } catch (error) {
    throw new Error('the query service answered no JSON', { cause: error });
  }
}

/** Not `fetch`, whose sockets keep a process going that has nothing else to do. */
function get(
  address: URL,
  options: RequestOptions,
  holds: boolean,
): Promise<{ status: number; text: string }> {
  const request = address.protocol === 'https:' ? requestTls : requestPlain;
  return new Promise((resolve, reject) => {
    const sent = request(address, holds ? options : { ...options, agent: false }, (response) => {
      const parts: string[] = [];
      let chars = 0;
      response.setEncoding('utf8').on('error', reject);
      response.on('data', (part: string) => {
        chars += part.length;
        if (chars > MAX_CHARS) sent.destroy(new Error('too long an answer'));
        else parts.push(part);
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: parts.join('') }));
    });
    if (!holds) sent.on('socket', (socket) => socket.unref());
    sent.on('error', reject).end();
  });
}

const adviceOf = (agentId: string) => `agents/${encodeURIComponent(agentId)}/retry-advice`;

function objectIn(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
