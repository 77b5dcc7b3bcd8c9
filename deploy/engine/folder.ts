/** The data folder: its layout, the passwords of its users, who holds it. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolders } from '../../collector/queue/files.ts';
import type { UserName } from './users.ts';

export interface Folder {
  root: string;
  /** ClickHouse's own data. */
  data: string;
  /** What `BACKUP` writes and `RESTORE` reads. */
  backups: string;
  /** Configuration, made again at every start. */
  configFile: string;
  /** A file of the user's that is merged into it. */
  extraConfigFile: string;
  usersFile: string;
}

export function folderOf(dataDir: string): Folder {
  const root = resolve(dataDir);
  const configuration = join(root, 'engine');
  return {
    root,
    data: join(root, 'clickhouse'),
    backups: join(root, 'backups'),
    configFile: join(configuration, 'config.xml'),
    // ClickHouse merges what stands in a folder of this name.
    extraConfigFile: join(configuration, 'config.d', 'extra.xml'),
    usersFile: join(configuration, 'users.xml'),
  };
}

/** Creates the folder (mode 0700), checks that files can be written in it, takes over what versions before left. */
export async function prepareFolder(dataDir: string): Promise<Folder> {
  const folder = folderOf(dataDir);
  makeFolders(folder.root);
  await mkdir(folder.data, { recursive: true, mode: 0o700 });
  await mkdir(resolve(folder.extraConfigFile, '..'), { recursive: true, mode: 0o700 });
  await takeOver(folder);
  return folder;
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

/** A user's password: made once, then read from its file (mode 0600). */
export async function passwordOf(dataDir: string, user: UserName): Promise<string> {
  const file = passwordFile(dataDir, user);
  const made = randomBytes(24).toString('base64url');
  try {
    await writeFile(file, `${made}\n`, { flag: 'wx', mode: 0o600 });
    return made;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const kept = (await readFile(file, 'utf8')).trim();
  if (kept !== '') return kept;
  // A crash between creating the file and writing to it leaves it empty.
  await writeFile(file, `${made}\n`, { mode: 0o600 });
  return made;
}

/** Process id of the engine that has the folder open (it writes its own status file), if alive. */
export async function ownerOf(dataDir: string): Promise<number | undefined> {
  const status = await readFile(join(folderOf(dataDir).data, 'status'), 'utf8').catch(() => '');
  const pid = Number(/^PID: (\d+)/m.exec(status)?.[1]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  try {
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? pid : undefined;
  }
}
