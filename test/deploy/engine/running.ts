/** A real embedded ClickHouse in a folder of its own, for one test file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@clickhouse/client';
import { afterAll, beforeAll } from 'vitest';
import { type RunningEngine, startEngine } from '../../../deploy/engine/index.ts';

export async function temporaryFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), 'faultline-embedded-'));
}

/** Starts before the file's tests and stops after them; the functions are for use inside tests. */
export function running(more: { nativePort?: number } = {}) {
  let server: RunningEngine;
  let folder: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
    server = await startEngine({ dataDir: folder, port: 0, ...more });
  });
  afterAll(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    server: () => server,
    folder: () => folder,
    writer: () =>
      createClient({
        url: server.url,
        ...server.writer,
        database: 'faultline',
        log: { level: 127 },
      }),
    query: () =>
      createClient({
        url: server.url,
        ...server.query,
        database: 'faultline',
        max_open_connections: 10,
        log: { level: 127 },
      }),
    reader: () =>
      createClient({
        url: server.url,
        ...server.reader,
        database: 'faultline',
        log: { level: 127 },
      }),
  };
}

/** One statement as the writer, without a client library. @throws with the server's text. */
export async function command(
  server: Pick<RunningEngine, 'url' | 'writer'>,
  sql: string,
  query: Record<string, string> = {},
): Promise<string> {
  const response = await ask(server, sql, { query });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text;
}

/** POSTs a statement; as the writer unless told otherwise. */
export function ask(
  server: Pick<RunningEngine, 'url' | 'writer'> & Partial<RunningEngine>,
  body: string | Uint8Array,
  options: {
    query?: Record<string, string>;
    user?: string;
    password?: string;
    headers?: Record<string, string>;
  } = {},
): Promise<Response> {
  const { user = server.writer.username } = options;
  const known = [server.writer, server.query, server.reader].find(
    (each) => each?.username === user,
  );
  const password = options.password ?? known?.password ?? '';
  const database = { database: 'faultline' };
  return fetch(`${server.url}/?${new URLSearchParams({ ...database, ...options.query })}`, {
    method: 'POST',
    body: body as string,
    headers: { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password, ...options.headers },
  });
}
