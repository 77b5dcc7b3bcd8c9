// `faultline backup` and `faultline restore`: which ClickHouse, and where the backup is.
import { join } from 'node:path';
import { refuseUnfinishedRestore } from '../engine/folder.ts';
import type { Settings } from '../settings.ts';
import { type BackupOptions, type BackupResult, backUp, restore } from './backup.ts';
import { withEngine } from './embedded.ts';
import { makeWayTo, makeWhole, refuseNoBackup } from './folder.ts';
import { BackupError, EMBEDDED_ONLY } from './target.ts';

type Progress = BackupOptions['onProgress'];

/** A place as ClickHouse names it, rather than a folder of this machine. */
const EXPRESSION = /^\s*(?:File|Disk|S3|AzureBlobStorage)\s*\(/;

/**
 * Backs up what the settings name.
 * @param place a folder to make, or a place as ClickHouse names it: `S3('…')`, `Disk('…', '…')`; of a cluster without a
 * keeper with `{shard}` in it
 * @throws {BackupError} when it cannot be done
 */
export async function backUpTo(
  place: string,
  settings: Settings,
  onProgress?: Progress,
): Promise<BackupResult> {
  refuseUnfinishedRestore(settings['data-dir']);
  const make = (to: string) =>
    withStore(to, settings, true, (where) => backUp({ ...where, onProgress }));
  if (!isFolder(place, settings)) return make(place);
  await makeWayTo(place);
  return makeWhole(place, make);
}

/**
 * Restores into what the settings name.
 * @throws {BackupError} when there is no backup, or when something is there already
 */
export async function restoreFrom(
  place: string,
  settings: Settings,
  onProgress?: Progress,
): Promise<BackupResult> {
  if (isFolder(place, settings)) await refuseNoBackup(place);
  return withStore(place, settings, false, (where) => restore({ ...where, onProgress }));
}

/** @throws {BackupError} for a folder of this machine when ClickHouse is a server */
function isFolder(place: string, settings: Settings): boolean {
  if (EXPRESSION.test(place)) return false;
  if (settings['clickhouse-url'].length === 0) return true;
  throw new BackupError(
    `${place} is no place that a server can reach: expected S3('https://…'), Disk('backups', '…') or File('…')`,
  );
}

async function withStore(
  place: string,
  settings: Settings,
  mayRun: boolean,
  work: (where: BackupOptions) => Promise<BackupResult>,
): Promise<BackupResult> {
  const dataDir = settings['data-dir'];
  const cluster = settings['clickhouse-cluster'];
  const common = { database: 'faultline', cluster, queue: join(dataDir, 'queue') };
  const url = settings['clickhouse-url'];
  if (url.length === 0) {
    if (/^\s*(?:S3|AzureBlobStorage)/.test(place)) throw new BackupError(EMBEDDED_ONLY);
    const folder = EXPRESSION.test(place) ? undefined : place;
    return withEngine(dataDir, folder, mayRun, (engine) => work({ ...common, place, ...engine }));
  }
  const clickhouse = {
    url,
    username: settings['clickhouse-user'],
    password: settings['clickhouse-password'],
  };
  return work({ ...common, clickhouse, place });
}
