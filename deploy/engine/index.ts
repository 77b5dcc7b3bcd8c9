/** Embedded ClickHouse: starts and stops the child process that owns the data folder. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hostInUrl, isLoopback } from '../../collector/serving/addresses.ts';
import {
  configurationOf,
  FolderError,
  ownerOf,
  passwordOf,
  prepareFolder,
  removeConfigurations,
} from './folder.ts';
import { START_MS } from './limits.ts';
import type { FailedMessage, Lock } from './messages.ts';
import { livingOwner, untilOrphanEnds } from './orphan.ts';
import { freePort, PortError } from './ports.ts';
import { type Answer, type EngineEnd, EngineProcess } from './process.ts';
import { pathsIn } from './reach.ts';
import type { UserName } from './users.ts';

export interface EngineOptions {
  /** Folder for everything: data, passwords, configuration. Created with mode 0700. */
  dataDir: string;
  /** Loopback address to listen on. @default '127.0.0.1' */
  host?: string;
  /** TCP port of the HTTP interface; 0 takes any free one. */
  port: number;
  /** TCP port of the native protocol; 0 takes any free one. @default closed */
  nativePort?: number | undefined;
  /** Flags that choose the ports, as messages name them. @default those of `faultline start` */
  portFlags?: { http: string; native: string } | undefined;
  /** An XML file that ClickHouse merges into its configuration. */
  configFile?: string | undefined;
  /** Folder outside of the data folder that it may write and read: of a backup. */
  reachable?: string | undefined;
  /** Whether it may connect to any port of any machine. @default with a `configFile`, which names shards and stores */
  mayConnect?: boolean | undefined;
  /** Gets what the start waits for, when an engine whose parent was killed still has the folder. */
  onWait?: ((line: string) => void) | undefined;
  /** Gets the engine's own log, a line each, from level error on. */
  log?: ((line: string) => void) | undefined;
}

export interface Credentials {
  username: UserName;
  password: string;
}

/** A running embedded ClickHouse. */
export interface RunningEngine {
  dataDir: string;
  /** Address of the HTTP interface, without credentials. */
  url: string;
  port: number;
  /** `host:port` of the native protocol, where it is open. */
  native: string | undefined;
  nativePort: number | undefined;
  /** Process id of the child. */
  readonly pid: number;
  /** May write; its password is kept in `<dataDir>/writer-password`, and those of the others likewise. */
  writer: Credentials;
  /** What its thread can no longer reach of the machine. */
  lock: Lock;
  /** The query service's own: reads our tables. */
  query: Credentials;
  /** For people and their tools: reads our tables, within limits. */
  reader: Credentials;
  /** Drains, closes the data, ends the child; SIGKILL after 15 s. May be called more than once. */
  stop(): Promise<void>;
  /** Settles when the child has ended, for whatever reason. Never rejects. */
  exited: Promise<EngineEnd>;
}

/** The message is one line: what is wrong and what to do. */
export class EngineError extends Error {
  override name = 'EngineError';
}

/**
 * Starts the engine and resolves once it answers.
 * @throws EngineError on a port in use, an unwritable, owned or broken data folder, or a library that
 * is missing or does not load.
 */
export async function startEngine(options: EngineOptions): Promise<RunningEngine> {
  const { host = '127.0.0.1' } = options;
  if (!isLoopback(host)) {
    throw new EngineError(
      `The embedded ClickHouse listens on loopback only, not on ${host}: use 127.0.0.1 or ::1, or a server of your own with --clickhouse-url.`,
    );
  }
  // Before the library is loaded for nothing. Two that start at once, the engine itself keeps apart.
  const owner = await livingOwner(options.dataDir);
  if (owner !== undefined) throw inUse(options.dataDir, owner);
  // First of all: it loads the library while all else is made ready.
  const child = new EngineProcess(options.log);
  try {
    return await startIn(child, options, host);
  } catch (error) {
    await child.stop();
    throw error;
  }
}

async function startIn(
  child: EngineProcess,
  options: EngineOptions,
  host: string,
): Promise<RunningEngine> {
  const { dataDir, configFile, mayConnect = configFile !== undefined } = options;
  const { folder, reachable, users } = await prepare(options, child.pid);
  await untilOrphanEnds(dataDir, child.pid, options.onWait);
  const flags = options.portFlags ?? {
    http: '--embedded-port',
    native: '--embedded-native-port',
  };
  if (options.port !== 0 && options.port === options.nativePort) {
    throw new EngineError(
      `${flags.http} and ${flags.native} are both ${options.port}: give each a port of its own.`,
    );
  }
  const port = await portFor(host, options.port, flags.http);
  const nativePort =
    options.nativePort === undefined
      ? undefined
      : await portFor(host, options.nativePort, flags.native);
  const url = `http://${hostInUrl(host)}:${port}`;
  const failed = await child.start(
    {
      ...{ kind: 'start', dataDir, host, httpPort: port, nativePort: nativePort ?? null },
      ...{ reachable, mayConnect },
    },
    () => answersAs(url, users.writer),
    START_MS,
  );
  if (failed) {
    await child.stop();
    await rm(configurationOf(folder, child.pid).folder, { recursive: true, force: true });
    throw await explain(failed, child.lastWords(), options);
  }
  await removeConfigurations(folder, child.pid);
  return {
    dataDir,
    url,
    port,
    native: nativePort === undefined ? undefined : `${hostInUrl(host)}:${nativePort}`,
    nativePort,
    pid: child.pid,
    lock: child.lock,
    ...users,
    stop: () => child.stop(),
    exited: child.exited,
  };
}

/** Makes the folder ready for the engine of this process id. */
async function prepare({ dataDir, configFile, reachable }: EngineOptions, pid: number) {
  const credentials = async (username: UserName): Promise<Credentials> => ({
    username,
    password: await passwordOf(dataDir, username),
  });
  try {
    const folder = await prepareFolder(dataDir);
    const { extraConfigFile, parentFile } = configurationOf(folder, pid);
    await mkdir(dirname(extraConfigFile), { recursive: true, mode: 0o700 });
    await writeFile(parentFile, `${process.pid}`);
    const users = {
      writer: await credentials('faultline'),
      query: await credentials('query'),
      reader: await credentials('reader'),
    };
    const named: string[] = reachable === undefined ? [] : [reachable];
    if (configFile !== undefined) {
      const xml = await readFile(configFile, 'utf8').catch((error: Error) => {
        throw new EngineError(`Cannot read the configuration ${configFile}: ${error.message}.`);
      });
      await writeFile(extraConfigFile, xml, { mode: 0o600 });
      named.push(...pathsIn(xml));
    }
    return { folder, reachable: named, users };
  } catch (error) {
    if (error instanceof EngineError) throw error;
    if (error instanceof FolderError) throw new EngineError(error.message, { cause: error });
    throw unwritable(dataDir, (error as Error).message);
  }
}

async function portFor(host: string, port: number, flag: string): Promise<number> {
  try {
    return await freePort(host, port);
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    throw new EngineError(
      `Cannot listen on ${host}:${port} for the embedded ClickHouse (${error.message}): choose another port with ${flag}, or 0 for any free one.`,
    );
  }
}

/** Whether the engine of this data folder, and no other, answers there. */
async function answersAs(url: string, { username, password }: Credentials): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'X-ClickHouse-User': username, 'X-ClickHouse-Key': password },
      body: 'SELECT 1',
    });
    const text = await response.text();
    return response.ok ? 'ready' : { refused: text };
  } catch {
    return 'silent';
  }
}

const NO_LIBRARY =
  'it runs on Linux with glibc and macOS, x64 and arm64: run "npm install chdb ffi-rs", or use a ClickHouse server with --clickhouse-url';

async function explain(
  { reason, detail }: Pick<FailedMessage, 'reason' | 'detail'>,
  lastWords: string,
  { dataDir, configFile }: EngineOptions,
): Promise<EngineError> {
  if (reason === 'library') {
    return new EngineError(
      `The embedded ClickHouse cannot be loaded on ${process.platform}-${process.arch} (${oneLine(detail)}); ${NO_LIBRARY}.`,
    );
  }
  if (reason === 'version') {
    return new EngineError(
      `The data folder ${dataDir} is of a newer version, ${detail}: start that version, or restore a backup from before the upgrade.`,
    );
  }
  if (/Cannot lock file|already running/.test(lastWords)) {
    return inUse(dataDir, await ownerOf(dataDir));
  }
  if (/^E[A-Z]+: /.test(detail)) return unwritable(dataDir, detail);
  const exception = (exceptionIn(detail) ?? exceptionIn(lastWords) ?? oneLine(detail)).replaceAll(
    /'\/[^']*\/config\.d\/extra\.xml'/g,
    configFile ?? '',
  );
  return new EngineError(
    `The embedded ClickHouse did not start on ${dataDir}: ${exception}. ${adviceFor(exception, configFile)}`,
  );
}

function inUse(dataDir: string, owner: number | undefined): EngineError {
  return new EngineError(
    `The data folder ${dataDir} is in use by another process${owner ? ` (pid ${owner})` : ''}: stop it, or choose another folder with --data-dir.`,
  );
}

function adviceFor(exception: string, configFile: string | undefined): string {
  if (/Address already in use/.test(exception)) return 'Stop what uses it, or choose other ports.';
  if (/Permission denied|Read-only file system/i.test(exception)) {
    return 'Give all of the folder to the user that runs Faultline.';
  }
  if (/No space left|NOT_ENOUGH_SPACE/i.test(exception)) return 'Make room on its disk.';
  const damaged =
    'files in it are damaged, restore a backup ("faultline restore") or choose another folder with --data-dir; nothing in it was changed.';
  return configFile === undefined
    ? `If ${damaged}`
    : `Mend ${configFile} if it is about that; if ${damaged}`;
}

function unwritable(dataDir: string, reason: string): EngineError {
  return new EngineError(
    `Cannot write to the data folder ${dataDir} (${oneLine(reason)}): choose another with --data-dir, change its rights or make room.`,
  );
}

/** The engine's own reason, without those that name only where it came up. */
function exceptionIn(text: string): string | undefined {
  const last = text.match(/Exception: [^\n]+/g)?.at(-1);
  if (last === undefined) return undefined;
  return oneLine(
    last
      .replace(/^.*Load job '[^']*' failed: /, '')
      .replace(/^(?:Code: \d+\. )?(?:DB::)?(?:\w*Exception|std::exception)[:.] /, '')
      .replace(/ from query ATTACH .*$|, Stack trace .*$/, '')
      .replace(/[,.]?(?: \([A-Z_]+\))?(?: \(version [\d.]+\))?[.,\s]*$/, ''),
  );
}

/** Damaged files are quoted in errors: what is no character of a line does not reach the terminal. */
const oneLine = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\p{C}\ufffd]+/gu, '?')
    .trim()
    .slice(0, 500);
