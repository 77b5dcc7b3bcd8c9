// The queue on disk: a log of entries, where the queue stands in it, dead letters, and the times first
// used for spans without one. What is written is synced before a method returns.
import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Column, Layout } from '../rows/columns.ts';
import type { Table } from '../rows/rows.ts';
import { DeadLetterFiles, type RefusedRow } from './dead-letter-files.ts';
import { type DeadLetter, type DeadLetterId, type Entry, entryBytes } from './entry.ts';
import { TEMPORARY } from './files.ts';
import { FirstSeen } from './first-seen.ts';
import { Head, type Position } from './head.ts';
import { EntryLog, type Place } from './log.ts';
import { mender } from './mend.ts';
import { Reserve } from './reserve.ts';

export type { RefusedRow } from './dead-letter-files.ts';

export interface QueueState extends Position {
  /** Sequence number of the last entry that was appended. */
  last: number;
  /** Bytes of the waiting entries' rows. */
  bytes: number;
  deadLetters: number;
  deadLetterBytes: number;
}

/** Entries that are inserted together. A replay forms the same batch. */
export interface Batch {
  /** Names the batch for ClickHouse's deduplication of inserts. */
  id: string;
  from: number;
  to: number;
  entries: Entry[];
  /** Where what comes behind it begins; undefined: look from the beginning. */
  next: Place | undefined;
}

export interface BatchLimits {
  bytes: number;
  entries: number;
}

/** Entries that are looked through for a row behind a batch. */
const LOOK_BEHIND = 1000;

/** Methods that write throw what the disk's failure throws; then nothing has changed. */
export class QueueStore {
  private readonly head: Head;
  private readonly log: EntryLog;
  private readonly dead: DeadLetterFiles;
  private readonly seen: FirstSeen;
  private readonly reserve: Reserve;
  private position: Position;
  /** Bytes of the waiting entries' rows. */
  private bytes = 0;
  /** Where the first waiting entry begins, or something before it; undefined: where the log does. */
  private place: Place | undefined;
  private oldestAt: { done: number; at: number } | undefined;

  /** @throws {Error} when the folder cannot be written or a file in it cannot be read at all */
  constructor(folder: string, logger: Logger) {
    for (const name of readdirSync(folder).filter((file) => file.endsWith(TEMPORARY))) {
      rmSync(join(folder, name));
    }
    const mend = mender(folder, logger);
    this.head = new Head(folder);
    const { found } = this.head;
    this.position = found ?? { queueId: randomUUID(), done: 0, batchTo: 0 };
    this.log = new EntryLog(folder, Math.max(this.position.done, this.position.batchTo), {
      mend,
      unreadable: (file, gap) => logger.error({ file, gap }, 'entries of the queue cannot be read'),
    });
    this.seen = new FirstSeen(folder);
    this.findFirst();
    this.dead = new DeadLetterFiles(folder, this.position.done, mend);
    this.reserve = new Reserve(folder);
    if (found !== undefined) return;
    this.head.write(this.position);
    if (this.log.last === 0) return;
    logger.error(
      `where the queue ${folder} stood cannot be read: all that is in it is inserted again`,
    );
  }

  private findFirst(): void {
    let first = this.log.last + 1;
    for (const { sequence, entry, at } of this.log.after(this.position.done)) {
      this.place ??= at;
      first = Math.min(first, sequence);
      this.bytes += entryBytes(entry);
    }
    // What is missing in between was lost by damage, or nobody knows any more what was done.
    const done = Math.max(this.position.done, first - 1);
    const batchTo = this.position.batchTo > done ? this.position.batchTo : 0;
    this.position = { ...this.position, done, batchTo };
    this.dropDone();
  }

  private dropDone(): void {
    if (this.place) this.log.dropBefore(this.place);
    else this.log.dropAll();
  }

  get state(): Readonly<QueueState> {
    return {
      ...this.position,
      last: this.log.last,
      bytes: this.bytes,
      deadLetters: this.dead.count,
      deadLetterBytes: this.dead.bytes,
    };
  }

  /**
   * Appends entries after all others, and what was first seen with them.
   * @returns the sequence number of the last one
   */
  append(entries: Entry[], firstSeen: ReadonlyMap<string, string> = new Map()): number {
    this.seen.append(firstSeen);
    try {
      this.log.append(entries);
    } catch (error) {
      if (this.position.done < this.log.last) throw error;
      // The disk is full, and of what the log has on it nothing is needed any more.
      this.log.dropAll(0);
      this.log.append(entries);
    }
    this.bytes += bytesOf(entries);
    return this.log.last;
  }

  /**
   * The batch to insert now. Its end is on disk before it is returned, so that entries which come
   * later can never become part of it.
   */
  nextBatch(limits: BatchLimits): Batch | undefined {
    const { queueId, done, batchTo } = this.position;
    if (done === this.log.last) return undefined;
    const entries: Entry[] = [];
    let bytes = 0;
    let to = done;
    let { place } = this;
    for (const { sequence, entry, next } of this.log.after(done, place)) {
      if (batchTo !== 0 && sequence > batchTo) break;
      if (batchTo === 0 && entries.length > 0) {
        if (bytes >= limits.bytes || entries.length >= limits.entries) break;
      }
      entries.push(entry);
      bytes += entryBytes(entry);
      to = sequence;
      place = next;
    }
    // What waited cannot be read any more: there is nothing to insert of it.
    if (entries.length === 0) to = batchTo === 0 ? this.log.last : batchTo;
    if (batchTo === 0) this.stand({ batchTo: to });
    return { id: `${queueId}:${done + 1}-${to}`, from: done + 1, to, entries, next: place };
  }

  /** Whether rows of a layout can be appended. */
  knows(id: Layout['id']): boolean {
    return this.log.layout(id) !== undefined;
  }

  /** The columns that rows in the queue were written with, also by another version. */
  layout(id: Layout['id']): readonly Column[] {
    const columns = this.log.layout(id);
    if (columns === undefined) throw new Error(`the queue has rows of an unknown layout ${id}`);
    return columns;
  }

  /** The first rows of a table with this layout behind a batch, if they come soon. */
  rowsBehind(batch: Batch, table: Table, layout: Layout['id']): Buffer | undefined {
    let looked = 0;
    for (const { entry } of this.log.after(batch.to, batch.next)) {
      const rows = entry.tables[table];
      if (rows?.layout === layout) return rows.bytes;
      if (++looked >= LOOK_BEHIND) break;
    }
    return undefined;
  }

  /** Removes a batch that ClickHouse has, and keeps the rows it refused as dead letters. */
  confirm(batch: Batch, refused: RefusedRow[], at: number): void {
    this.forRoom(() => {
      this.dead.keep(batch.from, refused, at);
      this.stand({ done: batch.to, batchTo: 0 });
    });
    this.log.forget(batch.to);
    this.bytes -= bytesOf(batch.entries);
    this.place = batch.to < this.log.last ? batch.next : undefined;
    this.dropDone();
    this.reserve.hold();
  }

  /** Milliseconds since 1970 at which the oldest entry was accepted. */
  oldest(): number | undefined {
    const { done } = this.position;
    if (done === this.log.last) return undefined;
    if (this.oldestAt?.done !== done) {
      for (const { entry } of this.log.after(done, this.place)) {
        this.oldestAt = { done, at: entry.at };
        break;
      }
    }
    return this.oldestAt?.at;
  }

  /** Dead letters, oldest first. */
  deadLetters(limit?: number): Generator<DeadLetter & { id: DeadLetterId }> {
    return this.dead.list(limit);
  }

  deadLetter(id: DeadLetterId): DeadLetter | undefined {
    return this.dead.get(id);
  }

  /** Removes dead letters; with `entries`, appends these before. */
  removeDeadLetters(ids: DeadLetterId[], entries: Entry[] = []): void {
    if (entries.length > 0) this.forRoom(() => this.append(entries));
    this.forRoom(() => this.dead.remove(ids));
    this.reserve.hold();
  }

  /** What is on disk now goes as soon as ClickHouse has it. */
  endSegment(): void {
    this.log.endSegment();
  }

  /** Takes off the disk what is needed no more: entries that ClickHouse has, and dead letters that are gone. */
  wipe(): void {
    if (this.position.done === this.log.last) this.log.dropAll(0);
    this.forRoom(() => this.dead.scrub());
    this.reserve.hold();
  }

  /** The time that stands for a span which has none, if it came before. */
  firstSeen(span: string): string | undefined {
    return this.seen.get(span);
  }

  close(): void {
    this.log.close();
    this.seen.close();
    this.dead.close();
    this.head.close();
  }

  private stand(change: Partial<Position>): void {
    const next = { ...this.position, ...change };
    this.head.write(next);
    this.position = next;
  }

  /** What leads to more room may take the reserve when the disk is full. */
  private forRoom(action: () => unknown): void {
    try {
      action();
    } catch (error) {
      if (!this.reserve.release()) throw error;
      action();
    }
  }
}

function bytesOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
}
