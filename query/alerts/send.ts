// The ways out: one try to hand an alert to a receiver.
import { createHmac } from 'node:crypto';
import { retryAfterMs } from '../../instrumentation/delivery/transport.ts';
import { pushToQueen } from './queen.ts';
import type { Receiver } from './rules.ts';
import { abortedAfter } from './time-limit.ts';

/** What is handed over. */
export interface Outgoing {
  id: string;
  agent_id: string;
  /** The text that the receiver gets. */
  payload: string;
}

/** A try that failed; the message holds no path of an address, which may be secret. */
export class SendError extends Error {
  override name = 'SendError';
  /** Milliseconds that the receiver asks to be left alone for. */
  readonly retryAfterMs: number;
  /** Whether there is no use in trying again. */
  readonly isFinal: boolean;

  constructor(message: string, { retryAfterMs = 0, isFinal = false } = {}) {
    super(message);
    this.retryAfterMs = retryAfterMs;
    this.isFinal = isFinal;
  }
}

/** A receiver may ask for a pause of an hour, no longer. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/**
 * Hands an alert over; resolves when the receiver has taken it.
 * @throws {SendError} when it did not
 */
export async function send(
  receiver: Receiver,
  outgoing: Outgoing,
  signal: AbortSignal,
): Promise<void> {
  switch (receiver.type) {
    case 'webhook':
      return post(receiver, outgoing, signal);
    case 'hive':
      return notifyQueen(receiver, outgoing, signal);
    case 'stdout':
      return write(`${outgoing.payload}\n`);
  }
}

/** The session of the Queen who evolves an agent. */
export function sessionOf(
  { sessions }: Extract<Receiver, { type: 'hive' }>,
  agent: string,
): string | undefined {
  return Object.hasOwn(sessions, agent) ? sessions[agent] : sessions['*'];
}

/** The headers of a Standard Webhooks message: https://www.standardwebhooks.com */
export function signatureHeaders(key: Buffer, id: string, seconds: number, body: string) {
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${signature}`,
  };
}

async function post(
  { url, key, timeoutMs }: Extract<Receiver, { type: 'webhook' }>,
  { id, payload }: Outgoing,
  signal: AbortSignal,
): Promise<void> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'faultline',
        ...signatureHeaders(key, id, Math.floor(Date.now() / 1000), payload),
      },
      body: payload,
      redirect: 'manual',
      signal: abortedAfter(timeoutMs, signal),
    });
  } catch (error) {
    const { name, cause } = error as Error & { cause?: { code?: string } };
    const why = name === 'TimeoutError' ? `no answer within ${timeoutMs / 1000} s` : cause?.code;
    throw new SendError(why ?? 'the connection failed');
  }
  await response.body?.cancel().catch(() => {});
  if (response.ok) return;
  const retryAfter = response.headers.get('retry-after');
  throw new SendError(`answered ${response.status}`, {
    retryAfterMs: Math.min(retryAfterMs(retryAfter) ?? 0, MAX_RETRY_AFTER_MS),
    isFinal: response.status === 410,
  });
}

async function notifyQueen(
  receiver: Extract<Receiver, { type: 'hive' }>,
  { agent_id, payload }: Outgoing,
  signal: AbortSignal,
): Promise<void> {
  const session = sessionOf(receiver, agent_id);
  if (session === undefined) throw new SendError('no session for this agent', { isFinal: true });
  const { url, token } = receiver;
  await pushToQueen({ url, token, session, message: payload, signal }).catch((error: Error) => {
    throw new SendError(error.message);
  });
}

function write(line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(line, (error) => {
      if (error) reject(new SendError(error.message));
      else resolve();
    });
  });
}
