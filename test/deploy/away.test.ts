// A ClickHouse server of one's own that is away when Faultline starts.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningEngine, startEngine } from '../../deploy/engine/index.ts';
import { readSettings } from '../../deploy/settings.ts';
import { createLogger, type Running, start } from '../../deploy/start.ts';
import { failedAttempt, sendSpans } from '../support/world.ts';

let folder: string;
let server: RunningEngine;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faultline-away-'));
  // Only to have an address, and the password of its data.
  server = await startEngine({ dataDir: join(folder, 'server'), port: 0 });
  await server.stop();
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

function begin(queue: string): Promise<Running> {
  const ports = ['otlp-http-port', 'otlp-grpc-port', 'query-port'].map((port) => [port, 0]);
  const settings = readSettings(
    {
      ...Object.fromEntries(ports),
      'data-dir': join(folder, queue),
      'clickhouse-url': server.url,
      'clickhouse-user': server.writer.username,
      'clickhouse-password': server.writer.password,
      'log-level': 'silent',
    },
    {},
  );
  return start(settings, createLogger(settings));
}

const failuresOf = async (running: Running, agent: string): Promise<unknown[]> => {
  const answer = await fetch(`${running.query}/api/v1/failures?agent=${agent}`);
  return ((await answer.json()) as { items: unknown[] }).items;
};

test('what is accepted waits for the tables, which are made when it answers', async () => {
  const running = await begin('first');
  await sendSpans(running.otlpHttp, [failedAttempt('early')]);
  expect((await fetch(`${running.otlpHttp}/readyz`)).status).toBe(200);
  expect((await fetch(`${running.query}/readyz`)).status).toBe(503);
  server = await startEngine({ dataDir: join(folder, 'server'), port: server.port });
  await running.drained();
  expect(await failuresOf(running, 'early')).toHaveLength(1);
  await running.stop();
});

test('what waited is there after a restart in between', async () => {
  await server.stop();
  const first = await begin('second');
  await sendSpans(first.otlpHttp, [failedAttempt('waiting')]);
  await first.stop();
  server = await startEngine({ dataDir: join(folder, 'server'), port: server.port });
  const second = await begin('second');
  await second.drained();
  expect(await failuresOf(second, 'waiting')).toHaveLength(1);
  await second.stop();
});
