// Writes to the queue's files that are on disk when they return, or throw and leave no more than before.
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
  writevSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { byteLength } from './record.ts';

/** What is in the files is for their owner only. */
const MODE = 0o600;

/** Makes a folder (mode 0700) and those above it, one by one: Node's own `recursive` hangs below `/proc`. */
export function makeFolders(folder: string): void {
  const missing: string[] = [];
  for (let at = resolve(folder); !existsSync(at) && dirname(at) !== at; at = dirname(at)) {
    missing.unshift(at);
  }
  for (const one of missing) {
    try {
      mkdirSync(one, { mode: 0o700 });
    } catch (error) {
      // Another process may have made it meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** Writes all of it, or throws. */
export function writeAll(fd: number, pieces: Buffer[], at: number): void {
  const bytes = byteLength(pieces);
  const written = writevSync(fd, pieces, at);
  if (written === bytes) return;
  // A disk that is nearly full takes a part; the rest says why.
  const rest = Buffer.concat(pieces).subarray(written);
  for (let done = 0; done < rest.length; ) {
    done += writeSync(fd, rest, done, rest.length - done, at + written + done);
  }
}

/** A new file under its name, whole, or none. @returns its descriptor, to read and write */
export function createFile(path: string, pieces: Buffer[]): number {
  const temporary = `${path}${TEMPORARY}`;
  let fd: number | undefined;
  try {
    fd = openSync(temporary, 'w+', MODE);
    writeAll(fd, pieces, 0);
    fdatasyncSync(fd);
    renameSync(temporary, path);
    syncFolder(dirname(path));
    return fd;
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** How the name of a file ends that is not whole yet. */
export const TEMPORARY = '.tmp';

/** A file's name is on disk only when its folder is. */
export function syncFolder(folder: string): void {
  // Windows opens no folders, and needs none.
  if (process.platform === 'win32') return;
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
