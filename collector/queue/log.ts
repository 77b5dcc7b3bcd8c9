// The entries of the queue: segments that follow each other, appended to at the end of the last one and
// removed from the front.
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Column, LAYOUTS } from '../rows/columns.ts';
import { decodeEntry, type Entry, encodeEntry, entryBytes } from './entry.ts';
import type { Mend } from './mend.ts';
import { byteLength, encodeRecord, RECORD } from './record.ts';
import { type Gap, Segment } from './segment.ts';

/** Bytes from which a segment takes nothing more. Small ones give their room back soon. */
const SEGMENT_BYTES = 16 * 1024 * 1024;
/** Bytes from which a segment is removed as soon as nothing in it waits. */
const WORTH_REMOVING = 4 * 1024 * 1024;
/** Bytes of the newest entries that stay in memory: as long as ClickHouse keeps up, none is read back. */
const RECENT_BYTES = 16 * 1024 * 1024;

const NAME = /^entries-(\d{15})\.log$/;

/** Where an entry begins. */
export interface Place {
  segment: Segment;
  offset: number;
}

export interface LoggedEntry {
  sequence: number;
  entry: Entry;
  at: Place;
  /** Where the next one begins, or the end of the segment. */
  next: Place;
}

interface DamageHandlers {
  /** Called for each segment that is damaged when the log is opened. */
  mend: Mend;
  /** Called for what was damaged since. */
  unreadable: (file: string, gap: Gap) => void;
}

export class EntryLog {
  private readonly folder: string;
  /** Oldest first. */
  private segments: Segment[] = [];
  private readonly layouts = new Map<string, readonly Column[]>(
    Object.values(LAYOUTS).map(({ id, columns }) => [id, columns]),
  );
  private readonly unreadable: DamageHandlers['unreadable'];
  /** Sequence number of the last entry that was ever appended. */
  private lastAppended: number;
  private isEnded = false;
  /** The newest entries, without a gap up to the last one. */
  private recent: LoggedEntry[] = [];
  private recentBytes = 0;

  /**
   * @param last an entry that was appended for sure; the log may have later ones
   * @throws when a file cannot be read at all
   */
  constructor(folder: string, last: number, { mend, unreadable }: DamageHandlers) {
    this.folder = folder;
    this.unreadable = unreadable;
    this.lastAppended = last;
    const names = readdirSync(folder).filter((name) => NAME.test(name));
    for (const name of names.sort()) {
      const segment = Segment.open(join(folder, name));
      const gaps = this.look(segment);
      if (segment.isDamage(gaps)) {
        const sound = mend(segment, gaps);
        this.look(sound);
        this.segments.push(sound);
        continue;
      }
      // An append that was cut off.
      if (gaps.length > 0) segment.cut(gaps[0]!.from);
      this.segments.push(segment);
    }
  }

  /** Learns what is in a segment before anything that cannot be read. @returns what cannot be read */
  private look(segment: Segment): Gap[] {
    const gaps: Gap[] = [];
    for (const { kind, sequence, payload } of segment.records(undefined, (gap) => gaps.push(gap))) {
      if (gaps.length > 0) continue;
      if (kind === RECORD.layouts) this.learnLayouts(payload);
      if (kind === RECORD.entry) this.lastAppended = Math.max(this.lastAppended, sequence);
    }
    return gaps;
  }

  /** Sequence number of the last entry that was ever appended; 0: none was. */
  get last(): number {
    return this.lastAppended;
  }

  private learnLayouts(payload: Buffer): void {
    const layouts = JSON.parse(payload.toString()) as [string, Column[]][];
    for (const [id, columns] of layouts) this.layouts.set(id, columns);
  }

  /** The columns that rows were written with, also by another version. */
  layout(id: string): readonly Column[] | undefined {
    return this.layouts.get(id);
  }

  /** Appends entries; they are on disk when this returns. @throws when the disk fails; then there is none */
  append(entries: Entry[]): void {
    const records = entries.map((entry, index) =>
      encodeRecord(RECORD.entry, this.last + 1 + index, encodeEntry(entry)),
    );
    const segment = this.segmentToAppend();
    let offset = segment.bytes;
    segment.append(records.flat());
    for (const [index, entry] of entries.entries()) {
      const at = { segment, offset };
      offset += byteLength(records[index]!);
      const sequence = ++this.lastAppended;
      this.recent.push({ sequence, entry, at, next: { segment, offset } });
      this.recentBytes += entryBytes(entry);
    }
    while (this.recentBytes > RECENT_BYTES)
      this.recentBytes -= entryBytes(this.recent.shift()!.entry);
  }

  /** Entries up to this one are asked for no more. */
  forget(sequence: number): void {
    while (this.recent.length > 0 && this.recent[0]!.sequence <= sequence) {
      this.recentBytes -= entryBytes(this.recent.shift()!.entry);
    }
  }

  private segmentToAppend(): Segment {
    const current = this.segments.at(-1);
    if (current && current.bytes < SEGMENT_BYTES && !this.isEnded) return current;
    current?.seal();
    const name = this.nextName();
    const layouts = JSON.stringify([...this.layouts]);
    const created = Segment.create(
      join(this.folder, name),
      encodeRecord(RECORD.layouts, 0, [Buffer.from(layouts)]),
    );
    this.segments.push(created);
    this.isEnded = false;
    return created;
  }

  private nextName(): string {
    return `entries-${String(this.last + 1).padStart(15, '0')}.log`;
  }

  /** What is appended from now on goes into another file, so that this one goes when nothing in it waits. */
  endSegment(): void {
    const current = this.segments.at(-1);
    // Without an entry in it, the other one would have its name.
    this.isEnded = current !== undefined && basename(current.path) !== this.nextName();
  }

  /**
   * Entries after a sequence number, in their order.
   * @param from where to begin to look; undefined: at the beginning
   */
  *after(sequence: number, from?: Place): Generator<LoggedEntry> {
    const [first] = this.recent;
    if (first && first.sequence <= sequence + 1) {
      yield* this.recent.slice(sequence + 1 - first.sequence);
      return;
    }
    let last = sequence;
    const segments = from
      ? this.segments.slice(this.segments.indexOf(from.segment))
      : this.segments;
    for (const segment of segments) {
      const offset = segment === from?.segment ? from.offset : Segment.START;
      const records = segment.records(offset, (gap) => this.unreadable(segment.path, gap));
      for (const { kind, sequence, payload, start, end } of records) {
        // What an append left that failed has the numbers of those that came instead of it.
        if (kind !== RECORD.entry || sequence <= last) continue;
        last = sequence;
        const at = { segment, offset: start };
        yield { sequence, entry: decodeEntry(payload), at, next: { segment, offset: end } };
      }
    }
  }

  /**
   * Gives back the room of entries that are not needed any more.
   * @param place where the first one that is needed begins
   */
  dropBefore(place: Place): void {
    this.keepFrom(this.segments.indexOf(place.segment));
  }

  /** The same when none is needed. @param worth bytes that it has to be worth */
  dropAll(worth = WORTH_REMOVING): void {
    const isWorth = (this.segments.at(-1)?.bytes ?? 0) >= worth;
    this.keepFrom(this.segments.length - (isWorth ? 0 : 1));
  }

  private keepFrom(index: number): void {
    for (const segment of this.segments.splice(0, Math.max(0, index))) segment.remove();
  }

  close(): void {
    try {
      this.segments.at(-1)?.seal();
    } catch {
      // The disk fails; what was appended is there all the same.
    }
    for (const segment of this.segments) segment.close();
  }
}
