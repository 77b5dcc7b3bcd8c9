// The times first used for spans that have none, so that a resend gets the same one. They are remembered
// in memory and in two files, of which the older one goes when the newer one is full.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { encodeRecord, RECORD } from './record.ts';
import { Segment } from './segment.ts';

/** How many a file takes: so many of the newest are remembered, or up to twice as many. */
const MOST = 100_000;
const NAME = /^first-seen-(\d{9})\.log$/;

/** A file and what is in it. */
interface Part {
  number: number;
  file: Segment;
  times: Map<string, string>;
}

export class FirstSeen {
  private readonly folder: string;
  /** Oldest first. */
  private parts: Part[] = [];

  constructor(folder: string) {
    this.folder = folder;
    const names = readdirSync(folder).filter((name) => NAME.test(name));
    for (const name of names.sort()) this.parts.push(this.read(name));
  }

  private read(name: string): Part {
    const file = Segment.open(join(this.folder, name));
    const times = new Map<string, string>();
    let unreadable: number | undefined;
    for (const { kind, payload } of file.records(undefined, ({ from }) => (unreadable ??= from))) {
      if (kind !== RECORD.firstSeen) continue;
      for (const [span, time] of JSON.parse(payload.toString())) times.set(span, time);
    }
    if (unreadable !== undefined) file.cut(unreadable);
    return { number: Number(NAME.exec(name)![1]), file, times };
  }

  /** Unix time in nanoseconds. */
  get(span: string): string | undefined {
    return this.parts.map(({ times }) => times.get(span)).find((time) => time !== undefined);
  }

  /** On disk when this returns. @throws when the disk fails */
  append(times: ReadonlyMap<string, string>): void {
    if (times.size === 0) return;
    const part = this.partToAppend();
    const payload = Buffer.from(JSON.stringify([...times]));
    part.file.append(encodeRecord(RECORD.firstSeen, 0, [payload]));
    for (const [span, time] of times) part.times.set(span, time);
  }

  private partToAppend(): Part {
    const newest = this.parts.at(-1);
    if (newest && newest.times.size < MOST) return newest;
    const number = (newest?.number ?? 0) + 1;
    const name = `first-seen-${String(number).padStart(9, '0')}.log`;
    const created = { number, file: Segment.create(join(this.folder, name)), times: new Map() };
    this.parts.push(created);
    for (const { file } of this.parts.splice(0, this.parts.length - 2)) file.remove();
    return created;
  }

  close(): void {
    for (const { file } of this.parts) file.close();
  }
}
