// The queue on disk: one LMDB environment with the entries, where the queue stands, dead letters and
// the times first used for spans without one.
//
// Every write is one synchronous transaction, synced before it returns. LMDB's asynchronous writes
// would leave the event loop free during the sync, but when the disk is full they reject promises
// that nobody can catch, which ends the process.
import { randomUUID } from 'node:crypto';
import { type Database, open, type RootDatabase } from 'lmdb';
import { type Column, LAYOUTS, type Layout } from '../columns.ts';
import { TABLES, type Table } from '../rows.ts';
import { type DeadLetter, type DeadLetterId, type Entry, entryBytes } from './entry.ts';

/** Where the queue stands. Written in every transaction, so it is true after any crash. */
interface Position {
  /** Of this queue; a queue made anew has another, so its batches are never taken for old ones. */
  queueId: string;
  /** Sequence number of the last entry that was appended. */
  last: number;
  /** Sequence number of the last entry that ClickHouse has confirmed. */
  done: number;
  /** The last entry of the batch that is being inserted, which starts after `done`; 0: none. */
  batchTo: number;
  /** Bytes of the entries' rows. */
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
}

export interface BatchLimits {
  bytes: number;
  entries: number;
}

/** A row that ClickHouse refused, by its place in the batch. */
export interface RefusedRow {
  table: Table;
  index: number;
  row: string;
  reason: string;
}

/** Entries that are looked through for a row behind a batch. */
const LOOK_BEHIND = 1000;

/**
 * Pages that are held so that a queue on a full disk can still be emptied: a transaction that removes a
 * batch writes some hundred pages anew, and appending may have taken the last ones.
 */
const RESERVED_PAGES = 256;
/** A value that takes one page of 4 KiB. */
const RESERVED = Buffer.alloc(4000);

/** Bounds of what is remembered of spans without a time. */
const FIRST_SEEN_MAX = 100_000;
const FIRST_SEEN_EVICTED_AT_ONCE = 1000;

/** Methods that write throw what LMDB throws when the disk fails; then nothing has changed. */
export class QueueStore {
  private readonly env: RootDatabase;
  private readonly meta: Database<Position, string>;
  private readonly entries: Database<Entry, number>;
  private readonly dead: Database<DeadLetter, [number, string, number]>;
  private readonly seen: Database<string, string>;
  private readonly seenOrder: Database<string, number>;
  private readonly reserve: Database<Buffer, number>;
  private isReserved: boolean;
  private readonly layouts: ReadonlyMap<string, readonly Column[]>;
  private position: Position;

  /** @throws {Error} when the folder cannot be written or holds no queue that can be read */
  constructor(folder: string) {
    this.env = open({ path: folder, maxDbs: 8, overlappingSync: false });
    this.meta = this.env.openDB({ name: 'meta', encoding: 'msgpack' });
    this.entries = this.env.openDB({ name: 'entries', encoding: 'msgpack' });
    this.dead = this.env.openDB({ name: 'dead_letters', encoding: 'msgpack' });
    this.seen = this.env.openDB({ name: 'first_seen', encoding: 'string' });
    this.seenOrder = this.env.openDB({ name: 'first_seen_order', encoding: 'string' });
    this.position = this.meta.get('position') ?? {
      queueId: randomUUID(),
      last: 0,
      done: 0,
      batchTo: 0,
      bytes: 0,
      deadLetters: 0,
      deadLetterBytes: 0,
    };
    this.reserve = this.env.openDB({ name: 'reserve', encoding: 'binary' });
    this.isReserved = this.reserve.get(0) !== undefined;
    const layouts = this.env.openDB<readonly Column[], string>({
      name: 'layouts',
      encoding: 'msgpack',
    });
    this.write({}, () => {
      for (const { id, columns } of Object.values(LAYOUTS)) layouts.putSync(id, columns);
    });
    this.holdReserve();
    this.layouts = new Map([...layouts.getRange({})].map(({ key, value }) => [key, value]));
  }

  get state(): Readonly<Position> {
    return this.position;
  }

  /**
   * Appends entries after all others, and what was first seen with them.
   * @returns the sequence number of the last one
   */
  append(entries: Entry[], firstSeen: ReadonlyMap<string, string> = new Map()): number {
    const { last, bytes } = this.position;
    const more = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
    this.write({ last: last + entries.length, bytes: bytes + more }, () => {
      entries.forEach((entry, index) => {
        this.entries.putSync(last + 1 + index, entry);
      });
      this.putFirstSeen(firstSeen);
    });
    return this.position.last;
  }

  /**
   * The batch to insert now. Its end is on disk before it is returned, so that entries which come
   * later can never become part of it.
   */
  nextBatch(limits: BatchLimits): Batch | undefined {
    const { queueId, done, last, batchTo } = this.position;
    if (done === last) return undefined;
    const from = done + 1;
    const entries: Entry[] = [];
    let bytes = 0;
    const end = batchTo === 0 ? Number.POSITIVE_INFINITY : batchTo;
    for (const { key, value } of this.entries.getRange({ start: from })) {
      if (key > end) break;
      if (batchTo === 0 && entries.length > 0) {
        if (bytes >= limits.bytes || entries.length >= limits.entries) break;
      }
      entries.push(value);
      bytes += entryBytes(value);
    }
    const to = done + entries.length;
    if (batchTo === 0) this.writeForRoom({ batchTo: to }, () => {});
    return { id: `${queueId}:${from}-${to}`, from, to, entries };
  }

  /** The columns that rows in the queue were written with, also by another version. */
  layout(id: Layout['id']): readonly Column[] {
    const columns = this.layouts.get(id);
    if (columns === undefined) throw new Error(`the queue has rows of an unknown layout ${id}`);
    return columns;
  }

  /** The first rows of a table with this layout behind a batch, if they come soon. */
  rowsBehind(batch: Batch, table: Table, layout: Layout['id']): Buffer | undefined {
    for (const { value } of this.entries.getRange({ start: batch.to + 1, limit: LOOK_BEHIND })) {
      const rows = value.tables[table];
      if (rows?.layout === layout) return rows.bytes;
    }
    return undefined;
  }

  /** Removes a batch that ClickHouse has, and keeps the rows it refused as dead letters. */
  confirm(batch: Batch, refused: RefusedRow[], at: number): void {
    const { bytes, deadLetters, deadLetterBytes } = this.position;
    const gone = batch.entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
    const dead = refused.reduce((sum, { row }) => sum + Buffer.byteLength(row), 0);
    const next = {
      done: batch.to,
      batchTo: 0,
      bytes: bytes - gone,
      deadLetters: deadLetters + refused.length,
      deadLetterBytes: deadLetterBytes + dead,
    };
    this.writeForRoom(next, () => {
      for (let key = batch.from; key <= batch.to; key++) this.entries.removeSync(key);
      for (const { table, index, row, reason } of refused) {
        this.dead.putSync([batch.from, table, index], { table, row, reason, at });
      }
    });
  }

  /** Milliseconds since 1970 at which the oldest entry was accepted. */
  oldest(): number | undefined {
    const { done, last } = this.position;
    return done === last ? undefined : this.entries.get(done + 1)?.at;
  }

  /** Dead letters, oldest first. */
  *deadLetters(limit = Number.POSITIVE_INFINITY): Generator<DeadLetter & { id: DeadLetterId }> {
    let left = limit;
    for (const { key, value } of this.dead.getRange({})) {
      if (left-- <= 0) return;
      yield { id: key.join('.'), ...value };
    }
  }

  deadLetter(id: DeadLetterId): DeadLetter | undefined {
    return this.dead.get(keyOf(id));
  }

  /** Removes dead letters; with `entries`, appends these in the same transaction. */
  removeDeadLetters(ids: DeadLetterId[], entries: Entry[] = []): void {
    const { last, bytes, deadLetters, deadLetterBytes } = this.position;
    const letters = ids.map((id) => this.deadLetter(id)).filter((letter) => letter !== undefined);
    const gone = letters.reduce((sum, { row }) => sum + Buffer.byteLength(row), 0);
    const more = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
    const next = {
      last: last + entries.length,
      bytes: bytes + more,
      deadLetters: deadLetters - letters.length,
      deadLetterBytes: deadLetterBytes - gone,
    };
    this.writeForRoom(next, () => {
      for (const id of ids) this.dead.removeSync(keyOf(id));
      entries.forEach((entry, index) => {
        this.entries.putSync(last + 1 + index, entry);
      });
    });
  }

  /** The time that stands for a span which told none, if it came before. */
  firstSeen(span: string): string | undefined {
    return this.seen.get(span);
  }

  close(): Promise<void> {
    return this.env.close();
  }

  private putFirstSeen(firstSeen: ReadonlyMap<string, string>): void {
    if (firstSeen.size === 0) return;
    let order = [...this.seenOrder.getKeys({ reverse: true, limit: 1 })][0] ?? 0;
    for (const [span, time] of firstSeen) {
      this.seen.putSync(span, time);
      this.seenOrder.putSync(++order, span);
    }
    const oldest = [...this.seenOrder.getKeys({ limit: 1 })][0]!;
    if (order - oldest < FIRST_SEEN_MAX) return;
    const limit = Math.max(FIRST_SEEN_EVICTED_AT_ONCE, firstSeen.size);
    for (const { key, value } of Array.from(this.seenOrder.getRange({ limit }))) {
      this.seen.removeSync(value);
      this.seenOrder.removeSync(key);
    }
  }

  /** The same for what leads to more room: on a full disk it may take the reserve. */
  private writeForRoom(change: Partial<Position>, action: () => void): void {
    try {
      this.write(change, action);
    } catch (error) {
      if (!this.spendReserve()) throw error;
      this.write(change, action);
    }
    this.holdReserve();
  }

  private holdReserve(): void {
    if (this.isReserved) return;
    try {
      this.write({}, () => {
        for (let page = 0; page < RESERVED_PAGES; page++) this.reserve.putSync(page, RESERVED);
      });
      this.isReserved = true;
    } catch {
      // Held again when there is room for it.
    }
  }

  /** Says whether there was one, which is free now. */
  private spendReserve(): boolean {
    if (!this.isReserved) return false;
    try {
      this.write({}, () => {
        for (let page = 0; page < RESERVED_PAGES; page++) this.reserve.removeSync(page);
      });
      this.isReserved = false;
      // LMDB uses pages again from the second transaction on after the one that freed them.
      for (let i = 0; i < 2; i++) this.write({}, () => {});
      return true;
    } catch {
      return false;
    }
  }

  /** One transaction, on disk when this returns. */
  private write(change: Partial<Position>, action: () => void): void {
    const next = { ...this.position, ...change };
    this.env.transactionSync(() => {
      action();
      this.meta.putSync('position', next);
    });
    this.position = next;
  }
}

function keyOf(id: DeadLetterId): [number, string, number] {
  const [from, table, index] = id.split('.');
  const known = TABLES.includes(table as Table);
  return known ? [Number(from), table!, Number(index)] : [0, '', 0];
}
