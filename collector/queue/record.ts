// What the queue's files are made of: records with a checksum, so that what a torn or damaged file still
// holds can be distinguished from what it does not.
import { readSync } from 'node:fs';
import { crc32 } from 'node:zlib';

/** What a record holds. Numbers stand in files: never use one again for something else. */
export const RECORD = { layouts: 1, entry: 2, firstSeen: 3, deadLetter: 4, position: 5 } as const;

export type RecordKind = (typeof RECORD)[keyof typeof RECORD];

export interface QueueRecord {
  kind: number;
  /** Of an entry, from 1; others use it as they like. */
  sequence: number;
  payload: Buffer;
  /** Where it begins and ends in the file. */
  start: number;
  end: number;
}

// magic (4), length of the payload (4), sequence (6), kind (2), CRC-32 of the last three and the payload (4)
const MAGIC = Buffer.from('FLQ1');
const HEAD_BYTES = 20;
const CRC_AT = 16;
/** Bytes that are read at once. */
const WINDOW_BYTES = 256 * 1024;

/** The record in pieces, to be written one behind the other. */
export function encodeRecord(kind: RecordKind, sequence: number, payload: Buffer[]): Buffer[] {
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  MAGIC.copy(head);
  head.writeUInt32LE(byteLength(payload), 4);
  head.writeUIntLE(sequence, 8, 6);
  head.writeUInt16LE(kind, 14);
  let crc = crc32(head.subarray(MAGIC.length, CRC_AT));
  for (const piece of payload) crc = crc32(piece, crc);
  head.writeUInt32LE(crc, CRC_AT);
  return [head, ...payload];
}

export function byteLength(pieces: readonly Buffer[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}

/**
 * Reads the records that stand between two offsets of a file.
 * @param skipped called with the offsets of what is no whole record, before the record behind it
 */
export function* readRecords(
  fd: number,
  from: number,
  to: number,
  skipped: (from: number, to: number) => void,
): Generator<QueueRecord> {
  const file = new FileWindow(fd, to);
  let bad: number | undefined;
  for (let at = from; at < to; ) {
    const record = recordAt(file, at);
    if (record === undefined) {
      bad ??= at;
      at = file.indexOf(MAGIC, at + 1);
      continue;
    }
    if (bad !== undefined) skipped(bad, at);
    bad = undefined;
    yield record;
    at = record.end;
  }
  if (bad !== undefined) skipped(bad, to);
}

function recordAt(file: FileWindow, start: number): QueueRecord | undefined {
  const head = file.view(start, HEAD_BYTES);
  if (head === undefined || !head.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const length = head.readUInt32LE(4);
  const payload = file.view(start + HEAD_BYTES, length);
  if (payload === undefined) return undefined;
  const crc = crc32(payload, crc32(head.subarray(MAGIC.length, CRC_AT)));
  if (crc !== head.readUInt32LE(CRC_AT)) return undefined;
  const end = start + HEAD_BYTES + length;
  return {
    kind: head.readUInt16LE(14),
    sequence: head.readUIntLE(8, 6),
    payload,
    start,
    end,
  };
}

/** A file up to an offset, of which a piece at a time is in memory. */
class FileWindow {
  private readonly fd: number;
  private readonly to: number;
  private start = 0;
  private bytes: Buffer = Buffer.alloc(0);

  constructor(fd: number, to: number) {
    this.fd = fd;
    this.to = to;
  }

  /** Undefined when the file does not have as many. The bytes stay as they are. */
  view(at: number, length: number): Buffer | undefined {
    if (at + length > this.to) return undefined;
    if (at < this.start || at + length > this.start + this.bytes.length) this.load(at, length);
    const view = this.bytes.subarray(at - this.start, at - this.start + length);
    return view.length === length ? view : undefined;
  }

  /** Where these bytes stand next, or the end. */
  indexOf(wanted: Buffer, from: number): number {
    for (let at = from; at < this.to; ) {
      const piece = this.view(at, Math.min(WINDOW_BYTES, this.to - at));
      if (piece === undefined) break;
      const found = piece.indexOf(wanted);
      if (found >= 0) return at + found;
      // They may stand across the edge.
      at += Math.max(1, piece.length - wanted.length + 1);
    }
    return this.to;
  }

  private load(at: number, length: number): void {
    const bytes = Buffer.allocUnsafe(Math.min(Math.max(length, WINDOW_BYTES), this.to - at));
    let filled = 0;
    while (filled < bytes.length) {
      const read = readSync(this.fd, bytes, filled, bytes.length - filled, at + filled);
      if (read === 0) break;
      filled += read;
    }
    this.start = at;
    this.bytes = bytes.subarray(0, filled);
  }
}
