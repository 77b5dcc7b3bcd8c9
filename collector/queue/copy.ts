// A copy of a queue while its owner goes on writing: what a crash at that moment would have left.
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { TEMPORARY } from './files.ts';

const MOST_TRIES = 200;
const PAUSE_MS = 20;
/** Written over in place, so that a link would change with the original. */
const WRITTEN_OVER = /^head$|\.gone$/;
/** Of this process only, or made again. */
const LEFT_OUT = new Set(['owner', 'reserve']);

/**
 * Copies the queue in `folder` to the folder `to` on the same file system. Entries are in it that were in the
 * queue before the call and that ClickHouse does not have; some that it has may be in it too, and are the same rows.
 *
 * @param to must not exist
 * @returns whether there is a queue
 * @throws {Error} when the queue moves on at every try
 */
export async function copyQueue(folder: string, to: string): Promise<boolean> {
  const head = join(folder, 'head');
  if (!existsSync(head)) return false;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const before = readFileSync(head);
    if (copyFiles(folder, to) && readFileSync(head).equals(before)) return true;
    rmSync(to, { recursive: true, force: true });
    await wait(PAUSE_MS);
  }
  throw new Error(`the queue ${folder} moves on too fast to be copied: try again`);
}

/** @returns false when a file went meanwhile */
function copyFiles(folder: string, to: string): boolean {
  mkdirSync(to, { mode: 0o700 });
  const names = readdirSync(folder).filter(
    (name) => !LEFT_OUT.has(name) && !name.endsWith(TEMPORARY),
  );
  try {
    // Dead letters come before entries: one that is replayed meanwhile is in both, and none is in neither.
    for (const name of names.sort()) copyFile(join(folder, name), join(to, name));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function copyFile(from: string, to: string): void {
  try {
    if (WRITTEN_OVER.test(basename(from))) copyFileSync(from, to);
    else linkSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
    // A file system without links.
    copyFileSync(from, to);
  }
}
