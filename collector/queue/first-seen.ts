// The times first used for spans that tell none, so that a resend gets the same one. The newest are
// remembered, in memory and in two files of which the older one is dropped when the newer one is full.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { encodeRecord, RECORD } from './record.ts';
import { Segment } from './segment.ts';

/** How many are remembered. */
const MOST = 100_000;
const NAME = /^first-seen-(\d{9})\.log$/;

export class FirstSeen {
  private readonly folder: string;
  /** Oldest first. */
  private files: Segment[] = [];
  private numbers: number[] = [];
  /** How many stand in the newest file. */
  private inNewest = 0;
  private readonly times = new Map<string, string>();

  constructor(folder: string) {
    this.folder = folder;
    const names = readdirSync(folder).filter((name) => NAME.test(name));
    for (const name of names.sort()) this.load(name);
  }

  private load(name: string): void {
    const file = Segment.open(join(this.folder, name));
    this.inNewest = 0;
    let unreadable: number | undefined;
    for (const { kind, payload } of file.records(undefined, ({ from }) => (unreadable ??= from))) {
      if (kind !== RECORD.firstSeen) continue;
      const times = JSON.parse(payload.toString()) as [string, string][];
      for (const [span, time] of times) this.remember(span, time);
      this.inNewest += times.length;
    }
    if (unreadable !== undefined) file.cut(unreadable);
    this.files.push(file);
    this.numbers.push(Number(NAME.exec(name)![1]));
  }

  /** Unix time in nanoseconds. */
  get(span: string): string | undefined {
    return this.times.get(span);
  }

  /** On disk when this returns. @throws when the disk fails */
  append(times: ReadonlyMap<string, string>): void {
    if (times.size === 0) return;
    const payload = Buffer.from(JSON.stringify([...times]));
    this.fileToAppend().append(encodeRecord(RECORD.firstSeen, 0, [payload]));
    this.inNewest += times.size;
    for (const [span, time] of times) this.remember(span, time);
  }

  private fileToAppend(): Segment {
    const newest = this.files.at(-1);
    if (newest && this.inNewest < MOST) return newest;
    const number = (this.numbers.at(-1) ?? 0) + 1;
    const name = `first-seen-${String(number).padStart(9, '0')}.log`;
    const created = Segment.create(join(this.folder, name));
    this.files.push(created);
    this.numbers.push(number);
    this.inNewest = 0;
    for (const file of this.files.splice(0, this.files.length - 2)) file.remove();
    return created;
  }

  private remember(span: string, time: string): void {
    if (this.times.size >= MOST) this.times.delete(this.times.keys().next().value!);
    this.times.set(span, time);
  }

  close(): void {
    for (const file of this.files) file.close();
  }
}
