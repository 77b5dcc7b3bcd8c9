// Backups of the embedded engine: the one that runs on the data folder, else one of our own for the time of it.
import { randomUUID } from 'node:crypto';
import { cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { ClickHouseConnection } from '../clickhouse/migrate.ts';
import { configurationOf, folderOf, ownerOf, passwordOf } from '../engine/folder.ts';
import { startEngine } from '../engine/index.ts';
import { removeAbandoned } from './folder.ts';
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
  await removeAbandoned(backups, LINK);
  const link = join(backups, `${LINK}${process.pid}-${randomUUID()}`);
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
  await removeAbandoned(backups, STAGED);
  const made = join(backups, `${STAGED}${process.pid}-${randomUUID()}`);
  try {
    const result = await work(`File('${quoted(made)}')`);
    await move(made, path);
    return result;
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

const LINK = '.to-';
const STAGED = '.staged-';

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
