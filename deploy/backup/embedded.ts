// Backups of the embedded engine: the one that runs on the data folder, else one of our own for the time of it.
import { randomUUID } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { makeFolders } from '../../collector/queue/files.ts';
import type { ClickHouseConnection } from '../clickhouse/migrate.ts';
import { configurationOf, folderOf, isAlive, ownerOf, passwordOf } from '../engine/folder.ts';
import { startEngine } from '../engine/index.ts';
import { BackupError } from './target.ts';

/** What a {@link withEngine} call works with. */
export interface EngineAtWork {
  clickhouse: ClickHouseConnection;
  /** The folder of the backup, as ClickHouse finds it; left out where it has another place. */
  place?: string;
}

/**
 * Has an engine on the data folder for as long as `work` takes.
 *
 * @param path folder of the backup, anywhere this process may write; undefined: it is somewhere else
 * @param mayRun whether an engine that runs there already will do; otherwise it is refused
 * @throws {EngineError} when the folder is in use and may not be
 */
export async function withEngine<T>(
  dataDir: string,
  path: string | undefined,
  mayRun: boolean,
  work: (engine: EngineAtWork) => Promise<T>,
): Promise<T> {
  const isRunning = mayRun && (await ownerOf(dataDir)) !== undefined;
  const engine = isRunning
    ? undefined
    : await startEngine({
        ...{ dataDir, port: 0, mayConnect: path === undefined },
        reachable: path && dirname(resolve(path)),
      });
  const clickhouse = engine ? { url: engine.url, ...engine.writer } : await runningEngine(dataDir);
  try {
    if (path === undefined) return await work({ clickhouse });
    const into = engine ? linked : staged;
    return await into(dataDir, resolve(path), (place) => work({ clickhouse, place }));
  } finally {
    await engine?.stop();
  }
}

/** ClickHouse writes and reads below one folder; a link in it leads to where the backup is. */
async function linked<T>(
  dataDir: string,
  path: string,
  work: (place: string) => Promise<T>,
): Promise<T> {
  const { backups } = folderOf(dataDir);
  const link = join(backups, `.to-${randomUUID()}`);
  await mkdir(backups, { recursive: true, mode: 0o700 });
  await symlink(dirname(path), link);
  try {
    return await work(`File('${quoted(join(link, basename(path)))}')`);
  } finally {
    await rm(link, { force: true });
  }
}

/** An engine that runs reaches nothing but the data folder. So the backup is made there, and then moved. */
async function staged<T>(
  dataDir: string,
  path: string,
  work: (place: string) => Promise<T>,
): Promise<T> {
  const { backups } = folderOf(dataDir);
  await removeAbandoned(backups);
  const made = join(backups, `${STAGED}${process.pid}-${randomUUID()}`);
  try {
    const result = await work(`File('${quoted(made)}')`);
    await move(made, path);
    return result;
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

const STAGED = '.staged-';

/** Backups that were being made by processes that are gone. */
async function removeAbandoned(backups: string): Promise<void> {
  for (const name of await readdir(backups)) {
    const pid = name.startsWith(STAGED) ? Number.parseInt(name.slice(STAGED.length), 10) : 0;
    if (pid > 0 && !isAlive(pid)) await rm(join(backups, name), { recursive: true });
  }
}

/** @throws {BackupError} when there is no room for it */
async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await cp(from, to, { recursive: true }).catch(async (reason: Error) => {
      await rm(to, { recursive: true, force: true });
      throw new BackupError(`it cannot be copied to ${to}: ${reason.message}`, { cause: reason });
    });
  }
}

const quoted = (path: string): string => path.replaceAll(/[\\']/g, '\\$&');

/** Where the engine of a data folder listens stands in the configuration that it was started with. */
async function runningEngine(dataDir: string): Promise<ClickHouseConnection> {
  const pid = (await ownerOf(dataDir)) ?? 0;
  const config = await readFile(configurationOf(folderOf(dataDir), pid).configFile, 'utf8');
  const setting = (name: string) => new RegExp(`<${name}>([^<]+)</${name}>`).exec(config)?.[1];
  const host = setting('listen_host') ?? '127.0.0.1';
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${setting('http_port')}`,
    username: 'faultline',
    password: await passwordOf(dataDir, 'faultline'),
  };
}

/** @throws {BackupError} unless a backup is in the folder */
export async function refuseNoBackup(path: string): Promise<void> {
  const found = await stat(join(path, '.backup')).catch(() => undefined);
  if (!found) {
    throw new BackupError(`no backup is in ${path}: give the folder that "faultline backup" wrote`);
  }
}

const FILE =
  /<file><name>([^<]*)<\/name><size>(\d+)<\/size>.*?(?:<data_file>([^<]*)<\/data_file>.*?)?<\/file>/g;

/**
 * Compares what lies in the folder with the backup's own list: the engine's library reports no write that failed while
 * a backup is made (decision 85). One that is cut off is removed.
 * @throws {BackupError} when a file is missing or is not as long as it should be
 */
export async function refuseCutOff(path: string): Promise<void> {
  const list = await readFile(join(path, '.backup'), 'utf8').catch(() => '');
  const files = [...list.matchAll(FILE)].map(([, name, size, dataFile]) => ({
    name: dataFile ?? name!,
    size: Number(size),
  }));
  const isWhole = await Promise.all(
    files.map(async ({ name, size }) => {
      const found = await stat(join(path, name)).catch(() => undefined);
      return size === 0 || found?.size === size;
    }),
  );
  if (list.trimEnd().endsWith('</config>') && !isWhole.includes(false)) return;
  await rm(path, { recursive: true, force: true });
  throw new BackupError(`the backup in ${path} was cut off, and is removed: is its disk full?`);
}

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
