// Where the queue stands: what ClickHouse has confirmed, and the end of the batch that is on its way.
//
// Two places in one file are written in turn, so that one of them is whole after any crash. They are
// written over and need no room on the disk.
import { closeSync, existsSync, fdatasyncSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { createFile, writeAll } from './files.ts';
import { encodeRecord, RECORD, readRecords } from './record.ts';

export interface Position {
  /** Of this queue; a new queue has another, so its batches are never taken for old ones. */
  queueId: string;
  /** Sequence number of the last entry that ClickHouse has confirmed. */
  done: number;
  /** The last entry of the batch that is being inserted, which starts after `done`; 0: none. */
  batchTo: number;
}

/** Each place has a block to itself. */
const PLACE_BYTES = 4096;

export class Head {
  private readonly fd: number;
  private written: number;
  /** The position when it was opened; undefined when none could be read. */
  readonly found: Position | undefined;

  /** @throws when the disk has no room for it */
  constructor(folder: string) {
    const path = join(folder, 'head');
    this.fd = existsSync(path)
      ? openSync(path, 'r+')
      : createFile(path, [Buffer.alloc(2 * PLACE_BYTES)]);
    const [newest] = [0, 1]
      .flatMap((place) => [
        ...readRecords(this.fd, place * PLACE_BYTES, (place + 1) * PLACE_BYTES, () => {}),
      ])
      .sort((a, b) => b.sequence - a.sequence);
    this.written = newest?.sequence ?? 0;
    this.found = newest && (JSON.parse(newest.payload.toString()) as Position);
  }

  /** On disk when this returns. @throws when the disk fails; then the one before counts */
  write(position: Position): void {
    const next = this.written + 1;
    const payload = Buffer.from(JSON.stringify(position));
    const pieces = encodeRecord(RECORD.position, next, [payload]);
    const block = Buffer.alloc(PLACE_BYTES);
    Buffer.concat(pieces).copy(block);
    writeAll(this.fd, [block], (next % 2) * PLACE_BYTES);
    fdatasyncSync(this.fd);
    this.written = next;
  }

  close(): void {
    closeSync(this.fd);
  }
}
