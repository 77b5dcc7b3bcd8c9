// A file of records that grows at its end.
//
// Its first bytes, the mark, say up to where it was on disk before the last append. What is unreadable
// before that was acknowledged and is damage; what is behind it is an append that was cut off.
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { createFile, writeAll } from './files.ts';
import { byteLength, encodeRecord, type QueueRecord, RECORD, readRecords } from './record.ts';

/** Bytes that the mark has to itself: a sector, which a disk writes whole. */
const MARK_BYTES = 512;

/** One stretch of a file that holds no record. */
export interface Gap {
  from: number;
  to: number;
}

export class Segment {
  /** Where the first record begins. */
  static readonly START = MARK_BYTES;
  readonly path: string;
  private readonly fd: number;
  /** Where the next record goes. */
  private end: number;

  private constructor(path: string, fd: number, end: number) {
    this.path = path;
    this.fd = fd;
    this.end = end;
  }

  /** A new one with these records in it. @throws when the disk does not take it; then there is none */
  static create(path: string, records: Buffer[] = []): Segment {
    const end = Segment.START + byteLength(records);
    const fd = createFile(path, [markOf(end), ...records]);
    return new Segment(path, fd, end);
  }

  static open(path: string): Segment {
    const fd = openSync(path, 'r+');
    return new Segment(path, fd, Math.max(Segment.START, fstatSync(fd).size));
  }

  get bytes(): number {
    return this.end;
  }

  /** Records are on disk when this returns. @throws when they are not; then the file is as before */
  append(records: Buffer[]): void {
    try {
      writeSync(this.fd, markOf(this.end), 0, MARK_BYTES, 0);
      writeAll(this.fd, records, this.end);
      fdatasyncSync(this.fd);
    } catch (error) {
      this.cut(this.end);
      throw error;
    }
    this.end += byteLength(records);
  }

  /** Says in the file that all of it is on disk: nothing is appended any more, or not soon. */
  seal(): void {
    writeSync(this.fd, markOf(this.end), 0, MARK_BYTES, 0);
    fdatasyncSync(this.fd);
  }

  /** @param skipped called for what cannot be read */
  records(from = Segment.START, skipped: (gap: Gap) => void = () => {}): Iterable<QueueRecord> {
    return readRecords(this.fd, from, this.end, (start, to) => skipped({ from: start, to }));
  }

  /**
   * Whether something that was on disk cannot be read any more. What was cut off while it was appended
   * is no damage; the last append before a crash cannot be distinguished from that.
   */
  isDamage(gaps: readonly Gap[]): boolean {
    const synced = this.markedEnd();
    if (synced === undefined) return gaps.length > 0 || fstatSync(this.fd).size <= Segment.START;
    return synced > this.end || gaps.some(({ from }) => from < synced);
  }

  /** Gives up what is behind an offset. */
  cut(end: number): void {
    try {
      ftruncateSync(this.fd, end);
    } catch {
      // It is written over, or skipped by its sequence numbers.
    }
    this.end = end;
  }

  close(): void {
    closeSync(this.fd);
  }

  /** If the disk does not let it go, the next start tries again. */
  remove(): void {
    this.close();
    try {
      unlinkSync(this.path);
    } catch {
      // Nothing in it is needed.
    }
  }

  private markedEnd(): number | undefined {
    const [mark] = readRecords(this.fd, 0, MARK_BYTES, () => {});
    return mark?.sequence;
  }
}

function markOf(end: number): Buffer {
  const mark = Buffer.alloc(MARK_BYTES);
  encodeRecord(RECORD.position, end, [])[0]!.copy(mark);
  return mark;
}
