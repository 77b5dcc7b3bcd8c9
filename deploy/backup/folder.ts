// The folder that a backup is in: made whole or not at all, and looked at before something is restored from it.
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { makeFolders } from '../../collector/queue/files.ts';
import { DATABASE } from '../clickhouse/migrate.ts';
import { isAlive } from '../engine/folder.ts';
import { QUEUE_TABLE } from './queue-table.ts';
import { BackupError } from './target.ts';

/** Makes the folder that the backup's own folder will be in. @throws {BackupError} when that is there already or cannot be made */
export async function makeWayTo(path: string): Promise<void> {
  if (await stat(path).catch(() => undefined)) {
    throw new BackupError(`${path} is there already: give a folder that a backup can make`);
  }
  try {
    makeFolders(dirname(resolve(path)));
  } catch (error) {
    throw new BackupError(`no folder can be made for ${path}: ${(error as Error).message}`);
  }
}

/**
 * Has a backup made beside its folder, and gives it its name when it is whole.
 * @param make writes it into a folder that it makes
 * @throws {BackupError} when a file is missing or cut off: the engine's library reports no write that failed while a
 * backup is made (decision 85)
 */
export async function makeWhole<T>(path: string, make: (part: string) => Promise<T>): Promise<T> {
  const whole = resolve(path);
  const prefix = `${basename(whole)}.part-`;
  await removeAbandoned(dirname(whole), prefix);
  const part = join(dirname(whole), `${prefix}${process.pid}`);
  try {
    const result = await make(part);
    const damaged = await damagedFileIn(part);
    if (damaged !== undefined) {
      throw new BackupError(
        `the backup was cut off (${damaged}), and is removed: is the disk of ${path} full?`,
      );
    }
    await rename(part, whole);
    return result;
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

/** Removes what processes that are gone have left: names of a prefix, and the process id behind it. */
export async function removeAbandoned(folder: string, prefix: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : 0;
    if (pid > 0 && pid !== process.pid && !isAlive(pid)) {
      await rm(join(folder, name), { recursive: true });
    }
  }
}

/** @throws {BackupError} unless a whole backup of ours is in the folder */
export async function refuseNoBackup(path: string): Promise<void> {
  const list = await readFile(join(path, LIST), 'utf8').catch(() => undefined);
  if (list === undefined) {
    throw new BackupError(`no backup is in ${path}: give the folder that "faultline backup" wrote`);
  }
  const damaged = await damagedFileIn(path);
  if (damaged !== undefined) {
    throw new BackupError(
      `the backup in ${path} is not whole: ${damaged} is missing, cut off or changed; restore another`,
    );
  }
  if (!list.includes(`<name>metadata/${DATABASE}/${QUEUE_TABLE}.sql<`)) {
    throw new BackupError(
      `the backup in ${path} is of something else: it was not made by "faultline backup"`,
    );
  }
}

/** The backup's own list of its files, which is written last. */
const LIST = '.backup';
const FILE =
  /<file><name>([^<]*)<\/name><size>(\d+)<\/size>.*?(?:<data_file>([^<]*)<\/data_file>.*?)?<\/file>/g;

/** @returns a file that is missing or not as long as it should be, if any is */
async function damagedFileIn(path: string): Promise<string | undefined> {
  const list = await readFile(join(path, LIST), 'utf8').catch(() => '');
  if (!list.trimEnd().endsWith('</config>')) return LIST;
  for (const [, name, size, dataFile] of list.matchAll(FILE)) {
    if (size === '0') continue;
    const file = dataFile ?? name!;
    const found = await stat(join(path, file)).catch(() => undefined);
    if (found?.size !== Number(size)) return file;
  }
  return undefined;
}
