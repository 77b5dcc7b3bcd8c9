/** The data folder: its layout, the writer's password, who holds it. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

export interface Folder {
  /** The engine's own data. */
  data: string;
  /** Inserted rows on their way; emptied at every start. */
  tmp: string;
  configFile: string;
  passwordFile: string;
}

export function folderOf(dataDir: string): Folder {
  const root = resolve(dataDir);
  return {
    data: join(root, 'clickhouse'),
    tmp: join(root, 'tmp'),
    configFile: join(root, 'clickhouse-config.xml'),
    passwordFile: join(root, 'clickhouse-password'),
  };
}

/** Creates the folder (mode 0700) and checks that files can be written in it. */
export async function prepareFolder(dataDir: string): Promise<Folder> {
  const folder = folderOf(dataDir);
  await mkdir(resolve(dataDir), { recursive: true, mode: 0o700 });
  await mkdir(folder.data, { recursive: true, mode: 0o700 });
  await mkdir(folder.tmp, { recursive: true, mode: 0o700 });
  return folder;
}

/** The writer's password: made once, then read from its file (mode 0600). */
export async function writerPassword(folder: Folder): Promise<string> {
  const made = randomBytes(24).toString('base64url');
  try {
    await writeFile(folder.passwordFile, `${made}\n`, { flag: 'wx', mode: 0o600 });
    return made;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const kept = (await readFile(folder.passwordFile, 'utf8')).trim();
  if (kept !== '') return kept;
  // A crash between creating the file and writing to it leaves it empty.
  await writeFile(folder.passwordFile, `${made}\n`, { mode: 0o600 });
  return made;
}

/** Only for the process that holds the folder. */
export async function emptyTmp(folder: Folder): Promise<void> {
  await rm(folder.tmp, { recursive: true, force: true });
  await mkdir(folder.tmp, { mode: 0o700 });
}

/** Process id of the engine that has the folder open (it writes its own status file), if alive. */
export async function ownerOf(folder: Folder): Promise<number | undefined> {
  const status = await readFile(join(folder.data, 'status'), 'utf8').catch(() => '');
  const pid = Number(/^PID: (\d+)/m.exec(status)?.[1]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  try {
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? pid : undefined;
  }
}
