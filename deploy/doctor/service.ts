// What the doctor asks a running Faultline over HTTP.
import { readFile } from 'node:fs/promises';
import { passwordFile } from '../engine/folder.ts';

/** Where it is and with which tokens to come. */
export interface Service {
  otlpHttp: string;
  query: string;
  /** For sending; '' for none. */
  ingestToken: string;
  /** For asking; '' for none. */
  token: string;
}

const ANSWER_MS = 5_000;

/** A request that is given up in time. `body` makes it a POST of JSON. */
export function ask(url: string, token: string, body?: object): Promise<Response> {
  return fetch(url, {
    method: body ? 'POST' : 'GET',
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
}

interface Readiness {
  status: 'ready' | 'not ready';
  reason?: string;
  checks: Record<string, { ok: boolean }>;
}

/** What `/readyz` of a collector or query service answers; undefined when nothing answers as they do. */
export async function readinessOf(url: string): Promise<Readiness | undefined> {
  try {
    const answer = (await (await ask(`${url}/readyz`, '')).json()) as Partial<Readiness>;
    const isOurs = typeof answer.status === 'string' && typeof answer.checks === 'object';
    return isOurs ? (answer as Readiness) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether what listens there is the engine of this data folder, with Faultline's tables. */
export async function isEmbedded(url: string, dataDir: string): Promise<boolean> {
  const answer = await askAsReader(url, dataDir, 'EXISTS TABLE faultline.failures');
  return answer?.trim() === '1';
}

/** What the engine answers `reader`, errors too; undefined when none answers. */
export async function askAsReader(
  url: string,
  dataDir: string,
  sql: string,
): Promise<string | undefined> {
  try {
    const password = (await readFile(passwordFile(dataDir, 'reader'), 'utf8')).trim();
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'X-ClickHouse-User': 'reader', 'X-ClickHouse-Key': password },
      body: sql,
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return await response.text();
  } catch {
    return undefined;
  }
}
