/**
 * An engine whose parent was killed: it closes its data and ends by itself. Until then the folder and the ports
 * are in use, by nobody that somebody could stop.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { configurationOf, folderOf, isAlive, ownerOf } from './folder.ts';
import { STOP_MS } from './limits.ts';

const LOOK_MS = 50;

/**
 * Resolves when no such engine has the folder, or when it takes longer than one may take.
 * @param besides process id of the engine that is about to have it
 * @param log gets what is waited for, if anything is
 */
export async function untilOrphanEnds(
  dataDir: string,
  besides: number,
  log: (line: string) => void = () => {},
): Promise<void> {
  const pid = await ownerOf(dataDir);
  if (pid === undefined || pid === besides || !(await isOrphan(dataDir, pid))) return;
  log(`waiting for the engine of a process that was killed to close ${dataDir} (pid ${pid})`);
  const start = performance.now();
  while (isAlive(pid) && performance.now() - start < STOP_MS) await wait(LOOK_MS);
}

/** Process id of an engine that has the folder and whose parent is alive; undefined where that cannot be known. */
export async function livingOwner(dataDir: string): Promise<number | undefined> {
  const pid = await ownerOf(dataDir);
  if (pid === undefined || process.platform !== 'linux') return undefined;
  const parent = await parentOf(dataDir, pid);
  return parent !== 0 && isAlive(parent) && (await isEngine(pid)) ? pid : undefined;
}

/** Another process may have the number by now: then its parent file is missing, or it runs something else. */
async function isOrphan(dataDir: string, pid: number): Promise<boolean> {
  const parent = await parentOf(dataDir, pid);
  return parent !== 0 && !isAlive(parent) && (await isEngine(pid));
}

/** 0 when it is not known. */
async function parentOf(dataDir: string, pid: number): Promise<number> {
  const { parentFile } = configurationOf(folderOf(dataDir), pid);
  return Number(await readFile(parentFile, 'utf8').catch(() => ''));
}

async function isEngine(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return /\bchild\.[jt]s\b/.test(command);
}
