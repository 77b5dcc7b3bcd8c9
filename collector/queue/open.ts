// Opening the queue's folder: one process owns it.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { makeFolders } from './files.ts';
import { QueueStore } from './store.ts';

/** The message is one line: what is wrong and what to do. */
export class QueueError extends Error {
  override name = 'QueueError';
}

/** A queue that is open and this process's own. */
export interface OpenQueue {
  store: QueueStore;
  /** Closes the store and lets others have it. */
  close(): void;
}

/** Folders this process owns. */
const owned = new Set<string>();

/**
 * Opens the queue in a folder, or makes one there. A file that is damaged is kept in
 * `<folder>-broken-<time>`, and one with what can still be read takes its place.
 * @throws QueueError when the folder cannot be written or belongs to another process
 */
export function openQueue(folder: string, logger: Logger): OpenQueue {
  const path = resolve(folder);
  const release = own(path);
  try {
    const store = new QueueStore(path, logger);
    const close = (): void => {
      store.close();
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
    makeFolders(path);
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

function cannotWrite(path: string, error: unknown): QueueError {
  return new QueueError(
    `Cannot write the queue ${path} (${(error as Error).message}): change its rights, or choose another folder with --data-dir.`,
    { cause: error },
  );
}
