// `faultline start` with both of the engine's ports open and failures in it, and a client of our own that
// needs no package, which counts what the others read and wrote.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { makeRequest } from '../faults/requests.ts';

const EXECUTABLE = fileURLToPath(new URL('../../dist/deploy/cli/faultline.js', import.meta.url));
const REQUESTS = 4;
const LONGEST_MS = 60_000;

export interface World {
  /** `host:port` of the engine's HTTP interface. */
  http: string;
  /** `host:port` of the engine's native protocol. */
  native: string;
  /** Passwords of the engine's users. */
  reader: string;
  writer: string;
  /** Failures in the tables. */
  failures: number;
  /** One statement as the writer. @returns what it answers, trimmed. @throws with the server's text */
  ask(sql: string): Promise<string>;
  /** Resolves when the statement answers this. @throws with its last answer when it never does */
  until(sql: string, answer: string): Promise<void>;
  end(): Promise<void>;
}

export async function startWorld(): Promise<World> {
  const dataDir = await mkdtemp(join(tmpdir(), 'faultline-clients-'));
  const ports = ['otlp-http', 'otlp-grpc', 'query', 'embedded', 'embedded-native'];
  const flags = ports.flatMap((port) => [`--${port}-port`, '0']);
  const child = spawn(
    process.execPath,
    [EXECUTABLE, 'start', '--data-dir', dataDir, '--log-format', 'json', ...flags],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ready = await firstReady(child.stdout);
  child.stdout.resume();
  const password = async (user: string) =>
    (await readFile(join(dataDir, `${user}-password`), 'utf8')).trim();
  const writer = await password('writer');
  const ask = async (sql: string): Promise<string> => {
    const response = await fetch(`${ready.clickhouse}/?database=faultline`, {
      method: 'POST',
      body: sql,
      headers: { 'X-ClickHouse-User': 'faultline', 'X-ClickHouse-Key': writer },
    });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return text.trim();
  };
  const world: World = {
    http: new URL(ready.clickhouse).host,
    native: ready.clickhouseNative,
    reader: await password('reader'),
    writer,
    failures: 0,
    ask,
    until: async (sql, answer) => {
      let last = '';
      for (const start = performance.now(); performance.now() - start < LONGEST_MS; ) {
        last = await ask(sql).catch((error: Error) => error.message);
        if (last === answer) return;
        await wait(100);
      }
      throw new Error(`${sql} answers ${last}, not ${answer}`);
    },
    end: async () => {
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      await closed;
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  for (let request = 0; request < REQUESTS; request++) {
    const { told, json } = makeRequest({ agent: 'clients', failures: 50 });
    const headers = { 'content-type': 'application/json' };
    await fetch(`${ready.otlpHttp}/v1/traces`, { method: 'POST', body: json, headers });
    world.failures += told.failures.length;
  }
  await world.until('SELECT count() FROM failures', `${world.failures}`);
  return world;
}

interface Ready {
  msg: string;
  otlpHttp: string;
  clickhouse: string;
  clickhouseNative: string;
}

async function firstReady(stdout: NodeJS.ReadableStream): Promise<Ready> {
  for await (const line of createInterface({ input: stdout })) {
    const entry = JSON.parse(line) as Ready;
    if (entry.msg === 'ready') return entry;
  }
  throw new Error('faultline start ended before it was ready');
}
