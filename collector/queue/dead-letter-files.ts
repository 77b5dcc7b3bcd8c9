// Dead letters on disk: a file for those of a batch, and beside it a byte for each that says whether it
// is gone. Both are written whole and then only written over, which needs no room.
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import type { DeadLetter, DeadLetterId } from './entry.ts';
import { createFile, writeAll } from './files.ts';
import type { Mend } from './mend.ts';
import { encodeRecord, RECORD } from './record.ts';
import { type Gap, Segment } from './segment.ts';

const NAME = /^dead-letters-(\d{15})\.log$/;
const FLAGS = '.gone';
const GONE = 1;

/** A row that ClickHouse refused, by its place in the batch. */
export interface RefusedRow {
  table: DeadLetter['table'];
  index: number;
  row: string;
  reason: string;
}

type Letter = DeadLetter & { id: DeadLetterId };

export class DeadLetterFiles {
  private readonly folder: string;
  /** Oldest first. */
  private files: LetterFile[] = [];
  count = 0;
  /** Bytes of their rows. */
  bytes = 0;

  /** @param done the last entry that was confirmed: letters behind it are of a batch that comes again */
  constructor(folder: string, done: number, mend: Mend) {
    this.folder = folder;
    const names = readdirSync(folder).filter((name) => NAME.test(name));
    for (const name of names.sort()) {
      const file = LetterFile.open(join(folder, name), Number(NAME.exec(name)![1]), mend);
      if (file.count === 0 || file.batch > done) file.unlink();
      else this.add(file);
    }
  }

  /**
   * Keeps the rows that were refused of a batch; on disk when this returns. Once more for the same batch
   * changes nothing.
   * @param batch sequence number of the batch's first entry
   */
  keep(batch: number, refused: readonly RefusedRow[], at: number): void {
    if (refused.length === 0 || this.files.some((file) => file.batch === batch)) return;
    const name = `dead-letters-${String(batch).padStart(15, '0')}.log`;
    this.add(LetterFile.create(join(this.folder, name), batch, refused, at));
  }

  /** Oldest first. */
  *list(limit = Number.POSITIVE_INFINITY): Generator<Letter> {
    let left = limit;
    for (const file of this.files) {
      for (const letter of file.letters()) {
        if (left-- <= 0) return;
        yield letter;
      }
    }
  }

  get(id: DeadLetterId): Letter | undefined {
    const batch = batchOf(id);
    for (const letter of this.files.find((file) => file.batch === batch)?.letters() ?? []) {
      if (letter.id === id) return letter;
    }
    return undefined;
  }

  /** @throws when the disk fails; then some may be gone and others not */
  remove(ids: readonly DeadLetterId[]): void {
    const wanted = new Set(ids);
    const batches = new Set(ids.map(batchOf));
    for (const file of this.files.filter(({ batch }) => batches.has(batch))) {
      const { count, bytes } = file;
      file.remove(wanted);
      this.count -= count - file.count;
      this.bytes -= bytes - file.bytes;
      if (file.count > 0) continue;
      this.files = this.files.filter((other) => other !== file);
      file.unlink();
    }
  }

  /** Takes the bytes of letters that are gone off the disk. */
  scrub(): void {
    for (const file of this.files) file.scrub();
  }

  private add(file: LetterFile): void {
    this.files.push(file);
    this.count += file.count;
    this.bytes += file.bytes;
  }

  close(): void {
    for (const file of this.files) file.close();
  }
}

/** The dead letters of one batch. */
class LetterFile {
  readonly batch: number;
  count = 0;
  bytes = 0;
  private segment: Segment;
  private readonly flags: number;
  private readonly gone: Buffer;

  private constructor(batch: number, segment: Segment, flags: number, gone: Buffer) {
    this.batch = batch;
    this.segment = segment;
    this.flags = flags;
    this.gone = gone;
    for (const { row } of this.letters()) {
      this.count++;
      this.bytes += Buffer.byteLength(row);
    }
  }

  static create(
    path: string,
    batch: number,
    refused: readonly RefusedRow[],
    at: number,
  ): LetterFile {
    const gone = Buffer.alloc(refused.length);
    const flags = createFile(`${path}${FLAGS}`, [gone]);
    const records = refused.flatMap(({ table, index, row, reason }, ordinal) => {
      const payload = Buffer.from(JSON.stringify({ index, table, row, reason, at }));
      return encodeRecord(RECORD.deadLetter, ordinal, [payload]);
    });
    try {
      return new LetterFile(batch, Segment.create(path, records), flags, gone);
    } catch (error) {
      closeSync(flags);
      rmSync(`${path}${FLAGS}`, { force: true });
      throw error;
    }
  }

  static open(path: string, batch: number, mend: Mend): LetterFile {
    let segment = Segment.open(path);
    const gaps: Gap[] = [];
    let size = 0;
    for (const { sequence } of segment.records(undefined, (gap) => gaps.push(gap))) {
      size = Math.max(size, sequence + 1);
    }
    if (gaps.length > 0 || segment.isDamage(gaps)) segment = mend(segment, gaps);
    const gone = Buffer.alloc(size);
    const flags = existsSync(`${path}${FLAGS}`)
      ? openSync(`${path}${FLAGS}`, 'r+')
      : createFile(`${path}${FLAGS}`, [gone]);
    readSync(flags, gone, 0, size, 0);
    return new LetterFile(batch, segment, flags, gone);
  }

  *letters(): Generator<Letter> {
    for (const { letter } of this.numbered()) yield letter;
  }

  /** Those that are left keep their numbers, by which the flags know them. */
  scrub(): void {
    if (!this.gone.includes(GONE)) return;
    const records = [...this.numbered()].flatMap(({ number, payload }) =>
      encodeRecord(RECORD.deadLetter, number, [payload]),
    );
    const before = this.segment;
    this.segment = Segment.create(before.path, records);
    before.close();
  }

  private *numbered(): Generator<{ number: number; letter: Letter; payload: Buffer }> {
    for (const { sequence: number, payload } of this.segment.records()) {
      if (this.gone[number] === GONE) continue;
      const { index, ...rest } = JSON.parse(payload.toString()) as DeadLetter & { index: number };
      const letter = { id: `${this.batch}.${rest.table}.${index}` as const, ...rest };
      yield { number, letter, payload };
    }
  }

  remove(ids: ReadonlySet<DeadLetterId>): void {
    const gone = Buffer.from(this.gone);
    let { count, bytes } = this;
    for (const { number, letter } of this.numbered()) {
      if (!ids.has(letter.id)) continue;
      gone[number] = GONE;
      count--;
      bytes -= Buffer.byteLength(letter.row);
    }
    if (count === this.count) return;
    writeAll(this.flags, [gone], 0);
    fdatasyncSync(this.flags);
    gone.copy(this.gone);
    this.count = count;
    this.bytes = bytes;
  }

  close(): void {
    this.segment.close();
    closeSync(this.flags);
  }

  /** All of them are gone. */
  unlink(): void {
    closeSync(this.flags);
    this.segment.remove();
    rmSync(`${this.segment.path}${FLAGS}`, { force: true });
  }
}

function batchOf(id: DeadLetterId): number {
  return Number(id.split('.', 1)[0]);
}
