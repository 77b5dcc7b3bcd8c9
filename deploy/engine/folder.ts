/** The data folder: its layout, the passwords of its users, who holds it. */
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  type Dirent,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { createFile, makeFolders } from '../../collector/queue/files.ts';
import type { UserName } from './users.ts';

export interface Folder {
  root: string;
  /** ClickHouse's own data. */
  data: string;
  /** In it: its owner's process id, locked by it. */
  statusFile: string;
  /** Holds the version of the library that had it last, as in `26.7.3`. */
  versionFile: string;
  /** Is there from when a restore begins to change something until it is whole. */
  unfinishedRestore: string;
  /** What `BACKUP` writes and `RESTORE` reads. */
  backups: string;
  /** Holds a folder for each engine that starts on the data: see {@link configurationOf}. */
  configurations: string;
}

export function folderOf(dataDir: string): Folder {
  const root = resolve(dataDir);
  return {
    root,
    data: join(root, 'clickhouse'),
    statusFile: join(root, 'clickhouse', 'status'),
    versionFile: join(root, 'clickhouse-version'),
    unfinishedRestore: join(root, 'unfinished-restore'),
    backups: join(root, 'backups'),
    configurations: join(root, 'engine'),
  };
}

/** Files of one engine process: one that is refused the folder leaves alone those of the one that has it. */
export interface Configuration {
  folder: string;
  configFile: string;
  /** A file of the user's that is merged into it. */
  extraConfigFile: string;
  usersFile: string;
  /** Process id of its parent. */
  parentFile: string;
}

export function configurationOf({ configurations }: Folder, pid: number): Configuration {
  const folder = join(configurations, `${pid}`);
  return {
    folder,
    configFile: join(folder, 'config.xml'),
    // ClickHouse merges what stands in a folder of this name.
    extraConfigFile: join(folder, 'config.d', 'extra.xml'),
    usersFile: join(folder, 'users.xml'),
    parentFile: join(folder, 'parent'),
  };
}

/** Removes what engines before this one have left, and of its own what it has read and SQL should not. */
export async function removeConfigurations(folder: Folder, pid: number): Promise<void> {
  for (const name of await readdir(folder.configurations)) {
    if (name !== `${pid}`) await rm(join(folder.configurations, name), { recursive: true });
  }
  const { usersFile, extraConfigFile } = configurationOf(folder, pid);
  await rm(usersFile);
  await rm(dirname(extraConfigFile), { recursive: true });
}

/** Something is wrong in the folder; the message is one line that says what to do. */
export class FolderError extends Error {
  override name = 'FolderError';
}

/**
 * Creates the folder (mode 0700), checks that its files can be read and written, takes over what versions before left.
 * @throws {FolderError} when what is in it cannot be used, and errors of the file system
 */
export async function prepareFolder(dataDir: string): Promise<Folder> {
  const folder = folderOf(dataDir);
  const { data } = folder;
  makeFolders(folder.root);
  for (const each of [
    ...[data, join(data, 'metadata'), join(data, 'store')],
    ...[folder.backups, folder.configurations],
  ]) {
    await mkdir(each, { recursive: true, mode: 0o700 });
  }
  await takeOver(folder);
  // One that another account made while it ran the engine would take no rows.
  for (const table of entriesIn(data, ['store', '*'], 'folders')) {
    accessSync(table, constants.W_OK);
  }
  removeWrittenSchemas(folder);
  removeSchemasInParts(folder);
  await keepDatabase(folder);
  return folder;
}

/** @throws {FolderError} when a restore was killed in the middle: what is there looks whole and is not */
export function refuseUnfinishedRestore(dataDir: string): void {
  if (!existsSync(folderOf(dataDir).unfinishedRestore)) return;
  throw new FolderError(
    `The data folder ${dataDir} holds a restore that did not end: run "faultline restore" into it again, or choose another folder with --data-dir.`,
  );
}

/**
 * Without its definition, which is two lines, ClickHouse would begin an empty database beside the tables, and remove
 * them after a month.
 */
async function keepDatabase({ data }: Folder): Promise<void> {
  const file = join(data, 'metadata', 'faultline.sql');
  const kept = await readFile(file, 'utf8').catch(() => '');
  if (kept.replaceAll('\0', '').trim() !== '') return;
  const [tables, ...others] = entriesIn(data, ['store', '*', '*']).filter(
    (file) => basename(file) === 'failures.sql',
  );
  if (tables === undefined) return;
  if (others.length > 0) {
    throw new FolderError(
      `${file} is gone, and more than one database could be the one it was of: restore a backup ("faultline restore") or choose another folder with --data-dir.`,
    );
  }
  const definition = `ATTACH DATABASE _ UUID '${basename(dirname(tables))}'\nENGINE = Atomic\n`;
  closeSync(createFile(file, [Buffer.from(definition)]));
}

/**
 * Records which version of the library has the folder.
 * @returns the version that had it before if it is newer: what that wrote, this one may set aside as damaged
 */
export async function recordVersion(
  { versionFile }: Folder,
  version: string,
): Promise<string | undefined> {
  const before = await readFile(versionFile, 'utf8').catch(() => '');
  if (before.trim() === version) return undefined;
  if (release(before) > release(version)) return before.trim();
  closeSync(createFile(versionFile, [Buffer.from(`${version}\n`)]));
  return undefined;
}

/** Of `26.7.3` 2607; 0 of what is no version. */
function release(version: string): number {
  const [, year, month] = /^(\d+)\.(\d+)\./.exec(version) ?? [];
  return Number(year ?? 0) * 100 + Number(month ?? 0);
}

/** How the schemas begin that a statement can have written for Protobuf and for Cap'n Proto. */
const WRITTEN_SCHEMA = /^(?:syntax = "proto|@0x[0-9a-f]+;)/;
/** Files that every part of a table has, which nobody can have written in their place. */
const IN_EVERY_PART = [
  ...['checksums.txt', 'columns.txt', 'columns_substreams.txt', 'count.txt'],
  ...['default_compression_codec.txt', 'metadata_version.txt'],
];
/** Of files that the engine reads where a part has them. */
const PERHAPS_IN_A_PART = /\.(?:txt|json|packed|idx)$/;

/**
 * Removes schemas that `reader` had written where they keep the engine from starting, from reading rows or from changing
 * them: beside its data, and as files that a table or a part may have (docs/decisions/0067-settings-of-subqueries.md).
 * @returns what it removed
 */
export function removeWrittenSchemas({ data }: Folder): string[] {
  const places = [[], ['metadata'], ['metadata_dropped'], ['store', '*', '*']];
  return places.flatMap((place) => entriesIn(data, place).filter(removeIfSchema));
}

/** Likewise in parts. @throws when one cannot be read, perhaps since another account ran the engine: it would be set aside as damaged */
function removeSchemasInParts({ data }: Folder): void {
  for (const file of entriesIn(data, ['store', '*', '*', '*'])) {
    const name = basename(file);
    if (name === 'columns.txt') accessSync(file, constants.R_OK);
    if (PERHAPS_IN_A_PART.test(name) && !IN_EVERY_PART.includes(name)) removeIfSchema(file);
  }
}

function removeIfSchema(file: string): boolean {
  try {
    if (!WRITTEN_SCHEMA.test(readFileSync(file, 'utf8'))) return false;
    rmSync(file);
    return true;
  } catch {
    return false;
  }
}

/**
 * What is no folder in the folders that a path names from here on, or all that is in the last; `*` in it is any name.
 * Links count as what they lead to.
 */
function entriesIn(folder: string, [next, ...rest]: readonly string[], kind = 'files'): string[] {
  if (next !== undefined && next !== '*') return entriesIn(join(folder, next), rest, kind);
  let found: Dirent[];
  try {
    found = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return [];
  }
  const paths = found
    .filter((entry) =>
      next === undefined && kind === 'files' ? !entry.isDirectory() : !entry.isFile(),
    )
    .map(({ name }) => join(folder, name));
  return next === undefined ? paths : paths.flatMap((path) => entriesIn(path, rest, kind));
}

/** Version 0.1.0 knew one password, and had files of its own for the engine. */
async function takeOver({ root }: Folder): Promise<void> {
  const old = join(root, 'clickhouse-password');
  await rename(old, passwordFile(root, 'faultline')).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rm(join(root, 'tmp'), { recursive: true, force: true });
  await rm(join(root, 'clickhouse-config.xml'), { force: true });
}

const PASSWORD_FILES: Readonly<Record<UserName, string>> = {
  faultline: 'writer-password',
  query: 'query-password',
  reader: 'reader-password',
};

/** Where the password of a user stands. */
export function passwordFile(dataDir: string, user: UserName): string {
  return join(resolve(dataDir), PASSWORD_FILES[user]);
}

/** A user's password: made once, then read from its file (mode 0600). @throws {FolderError} when it is none */
export async function passwordOf(dataDir: string, user: UserName): Promise<string> {
  const file = passwordFile(dataDir, user);
  const kept = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return '';
  });
  // A power cut may have left the file of a version before empty, or its length and nothing in it.
  const password = kept.replaceAll('\0', '').trim();
  // Whatever the header of a request can carry.
  if (/^[ -~]+$/.test(password)) return password;
  if (password !== '') {
    throw new FolderError(
      `${file} is not one line of printable characters: remove it, and a new one is made.`,
    );
  }
  const made = randomBytes(24).toString('base64url');
  closeSync(createFile(file, [Buffer.from(`${made}\n`)]));
  return made;
}

/** Process id of the engine that has the folder open (it writes its own status file), if alive. */
export async function ownerOf(dataDir: string): Promise<number | undefined> {
  const status = await readFile(folderOf(dataDir).statusFile, 'utf8').catch(() => '');
  const pid = Number(/^PID: (\d+)/m.exec(status)?.[1]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return isAlive(pid) ? pid : undefined;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
