// Opening the queue's folder: one process owns it, and a broken file is moved aside.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { QueueStore } from './store.ts';

/** The message is one line: what is wrong and what to do. */
export class QueueError extends Error {
  override name = 'QueueError';
}

/** A queue that is open and this process's own. */
export interface OpenQueue {
  store: QueueStore;
  /** Closes the store and lets others have it. */
  close(): Promise<void>;
}

/** Folders this process owns. */
const owned = new Set<string>();

/**
 * Opens the queue in a folder, or makes one there. A queue that cannot be read is moved aside to
 * `<folder>-broken-<time>` and a fresh one takes its place.
 * @throws QueueError when the folder cannot be written or belongs to another process
 */
export async function openQueue(folder: string, logger: Logger): Promise<OpenQueue> {
  const path = resolve(folder);
  const release = own(path);
  try {
    const reason = await brokenBecause(path);
    if (reason !== undefined) {
      const aside = `${path}-broken-${new Date().toISOString().replaceAll(':', '-')}`;
      release();
      renameSync(path, aside);
      own(path);
      logger.error(
        `the queue ${path} cannot be read (${reason}): moved to ${aside}, going on empty`,
      );
    }
    const store = new QueueStore(path);
    const close = async (): Promise<void> => {
      await store.close();
      release();
    };
    return { store, close };
  } catch (error) {
    release();
    if (error instanceof QueueError) throw error;
    throw cannotWrite(path, error);
  }
}

/** Takes the folder for this process; the answer gives it back. */
function own(path: string): () => void {
  const file = join(path, 'owner');
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const owner = existsSync(file) ? readFileSync(file, 'utf8') : '';
    if (owned.has(path) || (owner !== '' && owner !== processName() && isAlive(owner))) {
      const who = owner.split(' ', 1)[0];
      throw new QueueError(
        `The queue ${path} is in use by another process (pid ${who}): stop it, or choose another folder with --data-dir.`,
      );
    }
    writeFileSync(file, processName());
  } catch (error) {
    throw error instanceof QueueError ? error : cannotWrite(path, error);
  }
  owned.add(path);
  return () => {
    if (owned.delete(path)) rmSync(file, { force: true });
  };
}

/** This process's id and when it started, since ids are used again. */
function processName(): string {
  return `${process.pid} ${startOf(process.pid)}`;
}

function isAlive(owner: string): boolean {
  const [pid, start] = owner.split(' ');
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return startOf(Number(pid)) === start;
}

/** When a process started, in ticks since boot; '-' where there is no /proc. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name before may hold spaces; the start is the 22nd field of all.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '-';
  } catch {
    return '-';
  }
}

/** Reads everything that is in an environment; run by {@link brokenBecause}. */
const READ_ALL = `
  const { open } = require(process.argv[1]);
  const env = open({ path: process.argv[2], maxDbs: 8, overlappingSync: false });
  for (const name of ['meta', 'entries', 'dead_letters', 'layouts']) {
    for (const _ of env.openDB({ name, encoding: 'msgpack' }).getRange({})) {}
  }
  for (const name of ['first_seen', 'first_seen_order']) {
    for (const _ of env.openDB({ name, encoding: 'string' }).getRange({})) {}
  }
  process.exit(0);
`;

/**
 * Why a queue cannot be read. LMDB maps the file and trusts what stands in it, so a torn one may end
 * the process that reads it: a child finds out.
 */
async function brokenBecause(path: string): Promise<string | undefined> {
  if (!existsSync(join(path, 'data.mdb'))) return undefined;
  const lmdb = createRequire(import.meta.url).resolve('lmdb');
  const child = spawn(process.execPath, ['-e', READ_ALL, lmdb, path], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4096);
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((done, fail) => {
    child.once('error', fail);
    child.once('close', (code, signal) => done([code, signal]));
  });
  if (code === 0) return undefined;
  return /^\w*Error: (.*)$/m.exec(said)?.[1] ?? `reading it ended with ${signal ?? `code ${code}`}`;
}

function cannotWrite(path: string, error: unknown): QueueError {
  return new QueueError(
    `Cannot write the queue ${path} (${(error as Error).message}): change its rights, or choose another folder with --data-dir.`,
    { cause: error },
  );
}
