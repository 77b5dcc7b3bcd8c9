/**
 * The child process: ClickHouse's own HTTP and native servers, run by the chDB library's `clickhouse local`
 * in a thread of its own.
 *
 * States: waiting (for the parent's start message), serving, ending (a stop message came, or the parent is
 * gone), ended. It never outlives its parent: the IPC channel closing is a stop. Signals meant for a whole
 * process group are ignored while the parent is there, because the parent still has rows to deliver when it
 * gets them.
 */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { serverConfig } from './config.ts';
import { configurationOf, folderOf, passwordOf, recordVersion } from './folder.ts';
import type { Reach } from './landlock.ts';
import { STOP_MS } from './limits.ts';
import type { FailedMessage, Lock, LockMessage, StartMessage, StopMessage } from './messages.ts';
import { reachOf } from './reach.ts';
import { usersConfig } from './users.ts';

/** The library's whole command line; a library without it is another one, or too old. */
const ENTRY = 'chdb_query_cmdline';

let endOfInput: (() => void) | undefined;
/** Whether the library has the engine's thread, and ends it. */
let isRunning = false;
let ending = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (!process.connected) end();
  });
}
process.on('disconnect', end);
process.on('message', (message: StartMessage | StopMessage) => {
  if (message.kind === 'stop') end();
  else void start(message);
});
if (!process.send) {
  process.stderr.write(
    'This is the embedded engine\'s child process; start it with "faultline start" or "faultline engine".\n',
  );
  process.exit(2);
}

// Before the start message: the parent has things to do, too.
const loading = loadEngine();
loading.catch(() => {});

async function start(message: StartMessage): Promise<void> {
  let library: Library;
  try {
    library = await loading;
  } catch (error) {
    fail('library', error);
    process.exit(1);
  }
  const { version, run } = library;
  try {
    const newer = await recordVersion(folderOf(message.dataDir), version);
    if (newer !== undefined) {
      fail('version', `${newer} of the library, where this one is ${version}`);
      return;
    }
    const args = await configure(message);
    isRunning = true;
    const reason = await run(['clickhouse', ...args]);
    if (!ending) fail('other', reason || 'it ended by itself');
  } catch (error) {
    fail(`${error}`.includes(ENTRY) ? 'library' : 'other', error);
  } finally {
    process.exit(ending ? 0 : 1);
  }
}

/** Writes the configuration, and locks. @returns the arguments of `clickhouse local` that start servers with it */
async function configure(message: StartMessage): Promise<string[]> {
  const { dataDir, nativePort } = message;
  const folder = folderOf(dataDir);
  const configuration = configurationOf(folder, process.pid);
  const loginUrl = await answerOneLogin();
  const all = { ...message, folder, configuration, loginUrl };
  await writeFile(configuration.configFile, serverConfig(all), { mode: 0o600 });
  const [faultline, query, reader] = await Promise.all([
    passwordOf(dataDir, 'faultline'),
    passwordOf(dataDir, 'query'),
    passwordOf(dataDir, 'reader'),
  ]);
  const users = usersConfig({ faultline, query, reader });
  await writeFile(configuration.usersFile, users, { mode: 0o600 });
  // Made here, because it is the one file that the engine writes over.
  await writeFile(folder.statusFile, '', { flag: 'a' });
  await lock(reachOf(all));
  const statements = [
    'CREATE DATABASE IF NOT EXISTS faultline',
    ...(nativePort === null ? [] : ['SYSTEM START LISTEN TCP']),
    // The parent takes it for ready when this one answers.
    'SYSTEM START LISTEN HTTP',
    "SELECT count() FROM file('-', LineAsString)",
  ];
  return [
    `--config-file=${configuration.configFile}`,
    `--path=${folder.data}`,
    '--log-level=error',
    '--interactive',
    '--disable_suggestion',
    // A display of progress would read the terminal's keys.
    '--progress=off',
    '--progress-table=off',
    // How often the last statement's reader looks for progress, in microseconds: nobody reads it.
    '--interactive_delay=5000000',
    `--query=${statements.join('; ')}`,
  ];
}

/** After this the engine's thread opens no file of anybody else: whatever a statement asks for. */
async function lock(reach: Reach): Promise<void> {
  const { NoLock, restrictEngine } = await import('./landlock.ts');
  const { forbidReadWriteCreation } = await import('./seccomp.ts');
  const reasonOf = (error: unknown): string => {
    if (!(error instanceof NoLock)) throw error;
    return error.message;
  };
  const result = await restrictEngine(reach).catch(
    (error: unknown): Lock => ({ files: false, network: false, reason: reasonOf(error) }),
  );
  const creation = await forbidReadWriteCreation().then(() => '', reasonOf);
  if (result.reason === '') result.reason = creation;
  process.send?.({ kind: 'lock', ...result } satisfies LockMessage);
}

interface Library {
  version: string;
  /** Runs the engine. @returns when it has ended: the library's reason, or '' without one */
  run(args: readonly string[]): Promise<string>;
}

/** @throws when a package is not installed, or has no build that this system can load */
async function loadEngine(): Promise<Library> {
  const { libchdbPath } = createRequire(import.meta.url)('chdb/libchdb') as {
    libchdbPath(): string;
  };
  const { DataType, load, open } = await import('ffi-rs');
  const { standardInputAsTerminal } = await import('./terminal.ts');
  const { watchWrites } = await import('./failed-writes.ts');
  const path = libchdbPath();
  open({ library: 'libchdb', path });
  endOfInput = standardInputAsTerminal();
  watchWrites(path);
  const none = { library: 'libchdb', paramsType: [], paramsValue: [] };
  const version = load({ ...none, funcName: 'chdb_version', retType: DataType.String });
  const run = async (args: readonly string[]): Promise<string> => {
    const result = await load({
      library: 'libchdb',
      funcName: ENTRY,
      retType: DataType.External,
      paramsType: [DataType.I32, DataType.StringArray],
      paramsValue: [args.length, [...args]],
      runInNewThread: true,
      freeResultMemory: false,
    });
    const error = {
      library: 'libchdb',
      funcName: 'chdb_result_error',
      paramsType: [DataType.External],
      paramsValue: [result],
    };
    const hasReason = Number(load({ ...error, retType: DataType.I64 })) !== 0;
    return hasReason ? load({ ...error, retType: DataType.String }) : '';
  };
  return { version, run };
}

/**
 * The engine asks here whether `default` may log in. Its own start comes first and may; nobody else ever.
 * The port stays taken, so that nobody else can answer in its place.
 * @returns the address to ask at
 */
function answerOneLogin(): Promise<string> {
  const path = `/${randomBytes(16).toString('hex')}`;
  let isFirst = true;
  return new Promise((resolve, reject) => {
    const server = createServer(({ url }, response) => {
      const isAllowed = isFirst && url === path;
      if (url === path) isFirst = false;
      response.writeHead(isAllowed ? 200 : 403, { connection: 'close' }).end();
    });
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
    });
  });
}

function fail(reason: FailedMessage['reason'], error: unknown): void {
  const detail = error instanceof Error ? error.message : String(error);
  if (process.connected) process.send?.({ kind: 'failed', reason, detail } satisfies FailedMessage);
}

/** The engine's last statement reads standard input, and what comes after it, a prompt, does too. */
function end(): void {
  if (ending) return;
  ending = true;
  // Whatever hangs, nothing is lost: every acknowledged insert is synced already.
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), STOP_MS - 3_000).unref();
  if (!endOfInput || !isRunning) process.exit(0);
  endOfInput();
  setInterval(endOfInput, 50);
}
