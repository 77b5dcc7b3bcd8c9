/** Embedded ClickHouse: starts and stops the child process that owns the data folder. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants, setPriority } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { folderOf, ownerOf, prepareFolder, writerPassword } from './folder.ts';
import { START_MS, STOP_MS, THREAD_POOL_SIZE } from './limits.ts';
import type { StartedMessage, StartMessage, StopMessage } from './messages.ts';
import { READER_NAME, WRITER_NAME } from './users.ts';

export interface EmbeddedOptions {
  /** Folder for everything: data, password, temporary files. Created with mode 0700. */
  dataDir: string;
  /** Loopback address to listen on. @default '127.0.0.1' */
  host?: string;
  /** TCP port; 0 takes any free one. */
  port: number;
}

/** A running embedded ClickHouse. */
export interface EmbeddedClickHouse {
  /** Address of the HTTP interface, without credentials. */
  url: string;
  port: number;
  /** Process id of the child. */
  pid: number;
  /** May do everything. The password is generated and kept in `<dataDir>/clickhouse-password`. */
  writer: { username: string; password: string };
  /** May only read tables; without a password, and reachable on loopback only. */
  reader: { username: string; password: string };
  /** Drains, closes the data, ends the child; SIGKILL after 15 s. May be called more than once. */
  stop(): Promise<void>;
  /** Settles when the child has ended, for whatever reason. Never rejects. */
  exited: Promise<{ code: number | null; signal: string | null }>;
}

/** The message is one line: what is wrong and what to do. */
export class EmbeddedError extends Error {
  override name = 'EmbeddedError';
}

/**
 * Starts the engine and resolves once it answers.
 * @throws EmbeddedError on a port in use, an unwritable or owned data folder, or chDB missing.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedClickHouse> {
  const { dataDir, host = '127.0.0.1', port } = options;
  if (!/^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/.test(host)) {
    throw new EmbeddedError(
      `The embedded ClickHouse listens on loopback only, not on ${host}: use 127.0.0.1 or ::1, or a server of your own with --clickhouse-url.`,
    );
  }
  let password: string;
  try {
    password = await writerPassword(await prepareFolder(dataDir));
  } catch (error) {
    throw new EmbeddedError(
      `Cannot write to the data folder ${dataDir} (${(error as Error).message}): choose another with --data-dir or change its rights.`,
    );
  }
  const child = spawnServer();
  yieldToOthers(child);
  const stderr = tail(child);
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
  child.send({ kind: 'start', dataDir, host, port, password } satisfies StartMessage);
  const started = await firstMessage(child, exited);
  if (started.kind === 'failed') {
    await end(child, exited);
    throw await explain(started, stderr(), options, host);
  }
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${started.port}`,
    port: started.port,
    pid: child.pid ?? 0,
    writer: { username: WRITER_NAME, password },
    reader: { username: READER_NAME, password: '' },
    stop: () => end(child, exited),
    exited,
  };
}

function spawnServer(): ChildProcess {
  // Built, the child is the .js beside this file; from the sources (tests) it is the .ts, through tsx.
  const built = fileURLToPath(new URL('./server.js', import.meta.url));
  const fromSource = !existsSync(built);
  return fork(fromSource ? built.replace(/\.js$/, '.ts') : built, [], {
    execArgv: fromSource ? ['--import', tsx()] : [],
    env: { ...process.env, UV_THREADPOOL_SIZE: String(THREAD_POOL_SIZE), NODE_OPTIONS: '' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

/**
 * A statement takes all cores for as long as it takes. Whoever answers others goes before it: the collector
 * and the query service, and the agents on this machine. Threads that the child starts later do as it does.
 */
function yieldToOthers({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended already, which is told by its exit.
  }
}

/** By its address, because the child changes its working folder. */
function tsx(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
}

/** Keeps the last of what the engine says on stderr: chDB gives some reasons only there. */
function tail(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString('utf8')).slice(-4096);
  });
  return () => text;
}

async function firstMessage(
  child: ChildProcess,
  exited: Promise<{ code: number | null; signal: string | null }>,
): Promise<StartedMessage> {
  const failed = (detail: string): StartedMessage => ({ kind: 'failed', reason: 'other', detail });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<StartedMessage>((resolve) => {
    timer = setTimeout(() => resolve(failed(`not ready after ${START_MS / 1000} s`)), START_MS);
  });
  try {
    return await Promise.race([
      once(child, 'message').then(([message]) => message as StartedMessage),
      exited.then(({ code, signal }) =>
        failed(`its process ended with ${signal ?? `code ${code}`}`),
      ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}

async function end(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  if (child.connected) child.send({ kind: 'stop' } satisfies StopMessage, () => {});
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await exited;
  clearTimeout(timer);
}

async function explain(
  { reason, detail }: Extract<StartedMessage, { kind: 'failed' }>,
  stderr: string,
  { dataDir, port }: EmbeddedOptions,
  host: string,
): Promise<EmbeddedError> {
  if (reason === 'engine-missing') {
    return new EmbeddedError(
      `The embedded ClickHouse needs the package chdb, which is not installed or has no build for ${process.platform}-${process.arch} (it runs on Linux with glibc and macOS, x64 and arm64): run "npm install chdb", or use a ClickHouse server with --clickhouse-url.`,
    );
  }
  if (reason === 'port') {
    return new EmbeddedError(
      `Cannot listen on ${host}:${port} for the embedded ClickHouse (${detail}): choose another port with --embedded-port, or 0 for any free one.`,
    );
  }
  if (/Cannot lock file|already running/.test(stderr)) {
    const owner = await ownerOf(folderOf(dataDir));
    return new EmbeddedError(
      `The data folder ${dataDir} is in use by another process${owner ? ` (pid ${owner})` : ''}: stop it, or choose another folder with --data-dir.`,
    );
  }
  const said = stderr.trim().split('\n').at(-1) ?? '';
  return new EmbeddedError(
    `The embedded ClickHouse did not start on ${dataDir}: ${detail}${said ? ` (${said})` : ''}.`,
  );
}
