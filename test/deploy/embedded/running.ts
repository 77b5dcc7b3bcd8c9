/** A real embedded ClickHouse in a folder of its own, for one test file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@clickhouse/client';
import { afterAll, beforeAll } from 'vitest';
import { type EmbeddedClickHouse, startEmbedded } from '../../../deploy/embedded/index.ts';

/** Starting loads a 500 MB library; the machine may be busy. */
export const START_TIMEOUT_MS = 60_000;

export async function temporaryFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), 'faultline-embedded-'));
}

/** Starts before the file's tests and stops after them; the functions are for use inside tests. */
export function running() {
  let server: EmbeddedClickHouse;
  let folder: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
    server = await startEmbedded({ dataDir: folder, port: 0 });
    await command(server, 'CREATE DATABASE IF NOT EXISTS faultline');
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  }, START_TIMEOUT_MS);
  return {
    server: () => server,
    folder: () => folder,
    writer: () => createClient({ url: server.url, ...server.writer, log: { level: 127 } }),
    reader: () => createClient({ url: server.url, ...server.reader, log: { level: 127 } }),
  };
}

/** One statement as the writer, without a client library. @throws with the server's text. */
export async function command(server: EmbeddedClickHouse, sql: string): Promise<string> {
  const response = await ask(server, sql);
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text;
}

/** POSTs a statement; as the writer unless told otherwise. */
export function ask(
  server: EmbeddedClickHouse,
  body: string | Uint8Array,
  options: {
    query?: Record<string, string>;
    user?: string;
    password?: string;
    headers?: Record<string, string>;
  } = {},
): Promise<Response> {
  const { user = server.writer.username } = options;
  const password =
    options.password ?? (user === server.writer.username ? server.writer.password : '');
  return fetch(`${server.url}/?${new URLSearchParams(options.query)}`, {
    method: 'POST',
    body: body as string,
    headers: { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password, ...options.headers },
  });
}
