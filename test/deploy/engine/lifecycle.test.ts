/** Starting, stopping, dying: what survives and what is said. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { passwordOf } from '../../../deploy/engine/folder.ts';
import { EngineError, type RunningEngine, startEngine } from '../../../deploy/engine/index.ts';
import { engineLog } from '../../../deploy/engine/log.ts';
import { ask, command, temporaryFolder } from './running.ts';

let folder = '';
const started: RunningEngine[] = [];

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  for (const server of started.splice(0)) await server.stop();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function start(dataDir: string, port = 0): Promise<RunningEngine> {
  const server = await startEngine({ dataDir, port });
  started.push(server);
  return server;
}

/** The message of a start that must fail: one line. */
async function failure(starting: Promise<unknown>): Promise<string> {
  const error = await starting.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EngineError);
  const { message } = error as EngineError;
  expect(message).not.toContain('\n');
  return message;
}

async function writerOf(dataDir: string): Promise<RunningEngine['writer']> {
  return { username: 'faultline', password: await passwordOf(dataDir, 'faultline') };
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('an acknowledged insert survives SIGKILL, and the folder opens again', async () => {
  const dataDir = join(folder, 'killed');
  const first = await start(dataDir);
  await command(first, 'CREATE TABLE faultline.kept (id UInt32) ENGINE = MergeTree ORDER BY id');
  for (let id = 0; id < 20; id += 1)
    await command(first, `INSERT INTO faultline.kept VALUES (${id})`);
  process.kill(first.pid, 'SIGKILL');
  expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });
  const second = await start(dataDir);
  expect(await command(second, 'SELECT count() FROM faultline.kept')).toBe('20\n');
  expect(second.writer).toEqual(first.writer);
  await second.stop();
  expect(await second.exited).toEqual({ code: 0, signal: null });
});

/** Bounds the files of a process in bytes, as a full disk would. @returns whether this system can */
function bound(pid: number, bytes: number | 'unlimited'): boolean {
  return spawnSync('prlimit', ['--pid', `${pid}`, `--fsize=${bytes}:`]).status === 0;
}

test('a write that fails, fails the insert, and no part of it stays', async ({ skip }) => {
  if (process.platform !== 'linux' || process.arch !== 'x64') skip('only on Linux on x86-64');
  const dataDir = join(folder, 'full');
  const first = await start(dataDir);
  await command(
    first,
    'CREATE TABLE faultline.kept (id UInt32, text String) ENGINE = MergeTree ORDER BY id',
  );
  const insert = (id: number) =>
    command(
      first,
      `INSERT INTO faultline.kept SELECT ${id}, randomString(100) FROM numbers(10000)`,
    );
  await insert(1);
  if (!bound(first.pid, 100_000)) skip('prlimit is not here');
  await expect(insert(2)).rejects.toThrow(/Code: 204.*Cannot fsync/);
  await expect(command(first, 'OPTIMIZE TABLE faultline.kept FINAL')).rejects.toThrow(/Code: 204/);
  bound(first.pid, 'unlimited');
  await insert(3);
  process.kill(first.pid, 'SIGKILL');
  await first.exited;
  const second = await start(dataDir);
  const counted = 'SELECT id, count() FROM faultline.kept GROUP BY id ORDER BY id';
  expect(await command(second, counted)).toBe('1\t10000\n3\t10000\n');
  expect(await command(second, 'SELECT count() FROM system.detached_parts')).toBe('0\n');
});

test('the folder and the password are for their owner only', async () => {
  const dataDir = join(folder, 'modes');
  const server = await start(dataDir);
  const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
  expect(await mode(dataDir)).toBe('700');
  const { writer, query, reader } = server;
  for (const [file, { password }] of [
    ['writer-password', writer],
    ['query-password', query],
    ['reader-password', reader],
  ] as const) {
    expect(await mode(join(dataDir, file))).toBe('600');
    expect((await readFile(join(dataDir, file), 'utf8')).trim()).toBe(password);
    expect(password.length).toBeGreaterThan(30);
  }
  expect(await readFile(`/proc/${server.pid}/environ`, 'utf8')).not.toMatch(
    /FAULTLINE|password|PATH=/i,
  );
  // The engine has read its configuration, which would be in its reach.
  expect(await readdir(join(dataDir, 'engine', `${server.pid}`))).toEqual(['config.xml', 'parent']);
});

test('wrong starts say what is wrong: owned folder, used port, unwritable folder, public address', async () => {
  const dataDir = join(folder, 'owned');
  const server = await start(dataDir);
  expect(await failure(startEngine({ dataDir, port: 0 }))).toContain(
    `in use by another process (pid ${server.pid})`,
  );
  expect(await command(server, 'SELECT 1')).toBe('1\n');

  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  expect(await failure(startEngine({ dataDir: join(folder, 'port'), port }))).toMatch(
    new RegExp(`Cannot listen on 127\\.0\\.0\\.1:${port} .*EADDRINUSE`),
  );
  taken.close();

  await writeFile(join(folder, 'a-file'), '');
  expect(
    await failure(startEngine({ dataDir: join(folder, 'a-file', 'data'), port: 0 })),
  ).toContain('Cannot write to the data folder');
  expect(await failure(startEngine({ dataDir, port: 0, host: '0.0.0.0' }))).toContain(
    'loopback only',
  );
  const portFlags = { http: '--http-port', native: '--native-port' };
  expect(
    await failure(startEngine({ dataDir: join(folder, 'b'), port, nativePort: port, portFlags })),
  ).toBe(`--http-port and --native-port are both ${port}: give each a port of its own.`);
});

test('a damaged table and a wrong library say so in one line with what to do; a damaged part is kept aside', async () => {
  const dataDir = join(folder, 'damaged');
  const server = await start(dataDir);
  await command(server, 'CREATE TABLE faultline.t (id UInt8) ENGINE = MergeTree ORDER BY id');
  await command(server, 'INSERT INTO faultline.t VALUES (1)');
  await command(server, 'INSERT INTO faultline.t VALUES (2)');
  const of = async (what: string, from: string): Promise<string> =>
    resolve(
      dataDir,
      'clickhouse',
      (await command(server, `SELECT ${what} FROM system.${from} FORMAT TSVRaw`)).trim(),
    );
  const table = await of('metadata_path', "tables WHERE name = 't'");
  const part = await of('path', "parts WHERE table = 't' ORDER BY name LIMIT 1");
  await server.stop();

  await truncate(join(part, 'data.bin'), 1);
  const lines: string[] = [];
  const logger = pino({ level: 'error' }, { write: (line) => lines.push(JSON.parse(line).msg) });
  const again = await startEngine({ dataDir, port: 0, log: engineLog(logger) });
  started.push(again);
  expect(await command(again, 'SELECT id FROM faultline.t')).toBe('2\n');
  expect(lines).toEqual([
    expect.stringMatching(/^rows of faultline\.t are damaged on disk .*broken-on-start.* restore/),
  ]);
  await again.stop();

  await writeFile(table, '\x1b[31m\0garbage');
  expect(await failure(startEngine({ dataDir, port: 0 }))).toMatch(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be in it
    /^[^\x00-\x1f]*did not start[^\x00-\x1f]*t\.sql[^\x00-\x1f]*faultline restore[^\x00-\x1f]*$/,
  );

  for (const library of ['/no/libchdb.so', process.execPath, fileURLToPath(import.meta.url)]) {
    vi.stubEnv('CHDB_LIBCHDB_PATH', library);
    const message = await failure(startEngine({ dataDir: join(folder, 'none'), port: 0 }));
    expect(message).toMatch(/cannot be loaded on .*--clickhouse-url/);
  }
  vi.unstubAllEnvs();
});

test.each([
  ['is no XML', '<clickhouse><open>', /extra\.xml: SAXParse.* line 1 column 18/],
  [
    'has a value of the wrong kind',
    '<clickhouse><max_thread_pool_size>many</max_thread_pool_size></clickhouse>',
    /parsing setting 'max_thread_pool_size'/,
  ],
  [
    'fails a statement of the start, after which the engine itself would wait for others',
    '<clickhouse><http_port>many</http_port></clickhouse>',
    /Syntax error/,
  ],
])('a configuration that %s is named with the reason', async (_, xml, reason) => {
  const configFile = join(folder, 'extra.xml');
  await writeFile(configFile, xml);
  const message = await failure(
    startEngine({ dataDir: join(folder, 'config'), port: 0, configFile }),
  );
  expect(message).toMatch(reason);
  expect(message).toMatch(/^[^\n]*Mend \S+extra\.xml if it is about that[^\n]*$/);
});

test('what fails again and again in the background is logged once', () => {
  const lines: string[] = [];
  const log = engineLog(pino({}, { write: (line) => lines.push(JSON.parse(line).msg) }));
  for (let i = 1; i <= 3; i++) {
    const start = `2026.11.30 20:39:49.26${i} [ ${i} ] {} <Error> `;
    log(`${start}MergeTreeBackgroundExecutor: all_1_5_${i}: Permission denied`);
    log(`${start}virtual bool DB::MergePlainMergeTreeTask::executeStep(): Permission denied`);
    log(`${start}Table t${String.fromCharCode(96 + i)}: something else`);
  }
  expect(lines).toEqual([
    'MergeTreeBackgroundExecutor: all_1_5_1: Permission denied',
    ...['a', 'b', 'c'].map((name) => `Table t${name}: something else`),
  ]);
});

test('a folder whose name needs quoting works', async () => {
  const dataDir = join(folder, "it's a {glob*} folder");
  await mkdir(dataDir);
  const server = await start(dataDir);
  await command(server, 'CREATE TABLE default.t (id UInt8) ENGINE = MergeTree ORDER BY id');
  await command(server, 'INSERT INTO default.t VALUES (1), (2)');
  expect(await command(server, 'SELECT count() FROM default.t')).toBe('2\n');
});

test('slow queries hold up neither inserts nor each other, and end with their client', async () => {
  const server = await start(join(folder, 'slow'));
  await command(server, 'CREATE TABLE faultline.t (id UInt32) ENGINE = MergeTree ORDER BY id');
  const slow = ['SELECT sum(sipHash64(number)) FROM numbers(1000000000000)'];
  slow.push(`SELECT (${slow[0]}) + 1`, `EXPLAIN SELECT (${slow[0]})`);
  const leave = new AbortController();
  const askSlowly = ({ username, password }: { username: string; password: string }) =>
    Array.from({ length: 4 }, async (_, index) => {
      // Refused while the statement that looks for a full house holds the last place: then again.
      for (;;) {
        const refused = await fetch(`${server.url}/?max_threads=1`, {
          method: 'POST',
          body: slow[index % slow.length] ?? '',
          headers: { 'X-ClickHouse-User': username, 'X-ClickHouse-Key': password },
          signal: leave.signal,
        })
          .then((answer) => answer.text())
          .catch(() => undefined);
        if (refused === undefined) return 'left';
      }
    });
  const asked = [...askSlowly(server.reader), ...askSlowly(server.query)];
  // One more than `reader` may, and `query` is not touched by that.
  await expect
    .poll(async () => (await ask(server, 'SELECT 1', { user: 'reader' })).status, {
      timeout: 60_000,
    })
    .toBe(500);
  expect(await (await ask(server, 'SELECT 1', { user: 'query' })).text()).toBe('1\n');
  for (let id = 0; id < 5; id += 1) {
    expect((await ask(server, `INSERT INTO faultline.t VALUES (${id})`)).status).toBe(200);
  }
  leave.abort();
  expect(await Promise.all(asked)).toEqual(asked.map(() => 'left'));
  await expect
    .poll(
      () =>
        command(
          server,
          "SELECT count() FROM system.processes WHERE query LIKE '%sipHash64(number)%' AND query NOT LIKE '%processes%'",
        ),
      { timeout: 60_000 },
    )
    .toBe('0\n');
  expect(await command(server, 'SELECT count() FROM faultline.t')).toBe('5\n');
});

test('signals to the process group leave the child to its parent; stop drains what runs', async () => {
  const server = await start(join(folder, 'signals'));
  const running = command(server, 'SELECT sleep(1)');
  process.kill(server.pid, 'SIGINT');
  process.kill(server.pid, 'SIGTERM');
  expect(await command(server, 'SELECT 1')).toBe('1\n');
  const stopped = server.stop();
  expect(await running).toBe('0\n');
  await stopped;
  expect(await server.exited).toEqual({ code: 0, signal: null });
  await server.stop();
});

test('the child ends when its parent is killed, and a start waits for that on the same port', async () => {
  const dataDir = join(folder, 'orphan');
  const parent = spawn(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL('./parent.ts', import.meta.url)), dataDir],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
  const { pid, url } = JSON.parse(line) as { pid: number; url: string };
  expect((await fetch(`${url}/ping`)).status).toBe(200);
  // A statement that goes on holds the end up.
  const slow = command({ url, writer: await writerOf(dataDir) }, 'SELECT sleep(2)');
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  const waits: string[] = [];
  const port = Number(new URL(url).port);
  const server = await startEngine({ dataDir, port, onWait: (line) => waits.push(line) });
  started.push(server);
  expect(waits).toEqual([expect.stringContaining(`(pid ${pid})`)]);
  expect(alive(pid)).toBe(false);
  await slow.catch(() => {});
  expect(await command(server, 'SELECT 1')).toBe('1\n');
});
