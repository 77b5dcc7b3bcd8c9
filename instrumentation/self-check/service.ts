// Asks the query service, shortly, and never as part of the app's own trace.
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

const ADVICE = ['retry', 'back_off', 'stop'];

/** @throws {Error} if it does not answer in time, refuses, or gives no advice */
export async function askAdvice(
  service: Service,
  agentId: string,
  question: Question,
  timeoutMs: number,
): Promise<Advice> {
  const answer = await ask(service, adviceOf(agentId), question, timeoutMs);
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
  timeoutMs: number,
): Promise<NodeHistory> {
  // The facts of the node come with any advice; the class says nothing of them.
  const question = { node: nodeId, class: 'unclassified' };
  const { node } = await ask(service, adviceOf(agentId), question, timeoutMs);
  const { failure_count, consecutive_failures, last_failure_at } = objectIn(node);
  const at = typeof last_failure_at === 'string' ? Date.parse(last_failure_at) : Number.NaN;
  return {
    failureCount: numberIn(failure_count) ?? 0,
    consecutiveFailures: numberIn(consecutive_failures) ?? 0,
    lastFailureAt: Number.isNaN(at) ? undefined : at,
  };
}

/** The newest failure of each node, by the agent's last failures. @throws {Error} as {@link askAdvice} */
export async function askNewest(
  service: Service,
  agentId: string,
  limit: number,
  timeoutMs: number,
): Promise<NewestFailure[]> {
  const { items } = await ask(service, 'failures', { agent: agentId, limit }, timeoutMs);
  const newest = new Map<string, NewestFailure>();
  for (const item of Array.isArray(items) ? items.map(objectIn) : []) {
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
  timeoutMs: number,
): Promise<Record<string, unknown>> {
  const address = new URL(`api/v1/${path}`, url.endsWith('/') ? url : `${url}/`);
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) address.searchParams.set(key, String(value));
  }
  const signal = AbortSignal.timeout(timeoutMs);
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const response = await context
    .with(suppressTracing(context.active()), () =>
      fetch(address, { signal, headers, redirect: 'error' }),
    )
    .catch((error: unknown) => {
      throw new Error(
        signal.aborted
          ? `the query service did not answer within ${timeoutMs} ms`
          : 'the query service cannot be reached',
        { cause: error },
      );
    });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`the query service answered ${response.status}`);
  }
  return objectIn(
    await response.json().catch((error: unknown) => {
      throw new Error(`the query service did not answer within ${timeoutMs} ms`, { cause: error });
    }),
  );
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
