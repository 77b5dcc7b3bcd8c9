// A file of the queue that has lost something is put aside whole, and one with what can still be read
// takes its place.
import { copyFileSync, linkSync, mkdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Logger } from 'pino';
import { syncFolder, TEMPORARY } from './files.ts';
import { byteLength, encodeRecord, type RecordKind } from './record.ts';
import { type Gap, Segment } from './segment.ts';

/**
 * Mends a file with these gaps.
 * @throws when the disk has no room for what can be read; then nothing has changed
 */
export type Mend = (damaged: Segment, gaps: readonly Gap[]) => Segment;

/** Bytes that are written at once. */
const AT_ONCE = 1024 * 1024;

/** @param folder of the queue; what is put aside goes to `<folder>-broken-<time>` */
export function mender(folder: string, logger: Logger): Mend {
  const aside = `${folder}-broken-${new Date().toISOString().replaceAll(':', '-')}`;
  return (damaged, gaps) => {
    const { path } = damaged;
    const whole = Segment.create(`${path}${TEMPORARY}`);
    const records = copyRecords(damaged, whole);
    whole.close();
    damaged.close();
    mkdirSync(aside, { recursive: true, mode: 0o700 });
    keepAs(path, join(aside, basename(path)));
    renameSync(whole.path, path);
    syncFolder(folder);
    logger.error(
      { records, gaps },
      `the queue's file ${path} is damaged: what can be read goes on, and all of it is kept in ${aside}`,
    );
    return Segment.open(path);
  };
}

function copyRecords(from: Segment, to: Segment): number {
  let records = 0;
  let pieces: Buffer[] = [];
  for (const { kind, sequence, payload } of from.records()) {
    records++;
    pieces.push(...encodeRecord(kind as RecordKind, sequence, [payload]));
    if (byteLength(pieces) < AT_ONCE) continue;
    to.append(pieces);
    pieces = [];
  }
  to.append(pieces);
  to.seal();
  return records;
}

/** Under another name as well: there is no moment without the file. */
function keepAs(path: string, other: string): void {
  try {
    linkSync(path, other);
  } catch {
    copyFileSync(path, other);
  }
}
