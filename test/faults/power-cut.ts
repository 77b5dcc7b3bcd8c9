// The queue's folder as a power cut would have left it: what was synced is there; of what was written
// and not synced, some sectors are and some are not; of the changes to the folder since it was synced,
// the first ones are.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Random } from './random.ts';

interface Step {
  /** Monotonic time in nanoseconds at which the call had returned. */
  time: bigint;
  kind: (typeof KINDS)[number];
  /** Of the file; empty for the folder. */
  name: string;
  /** Where a write begins; how long a cut file is. */
  offset: number;
  /** What is written; the new name. */
  bytes: Buffer;
}

/** In the order of power-cut.c, from 1. */
const KINDS = ['write', 'sync', 'folder sync', 'truncate', 'rename', 'unlink'] as const;
const HEAD_BYTES = 32;
const SECTOR = 512;

/**
 * Compiles what writes down the writes of a process, to be given to it as LD_PRELOAD.
 * @returns why that cannot be done here, or undefined when it could
 */
export function compileWriteLog(to: string): string | undefined {
  if (process.platform !== 'linux') return 'it needs LD_PRELOAD, which is of Linux';
  const source = fileURLToPath(new URL('./power-cut.c', import.meta.url));
  const args = ['-shared', '-fPIC', '-O1', '-o', to, source, '-ldl', '-lpthread'];
  const { status, stderr } = spawnSync('cc', args, { encoding: 'utf8' });
  if (status === 0) return undefined;
  return `it needs a C compiler, cc${stderr ? `: ${stderr.split('\n')[0]}` : ''}`;
}

/** @throws when the files were written in a way that cannot be seen */
export function readWriteLog(file: string): Step[] {
  const log = readFileSync(file);
  const steps: Step[] = [];
  for (let pos = 0; pos + HEAD_BYTES <= log.length; ) {
    const kind = KINDS[log.readUInt32LE(pos + 8) - 1];
    const named = pos + HEAD_BYTES;
    const start = named + log.readUInt32LE(pos + 12);
    const end = start + Number(log.readBigUInt64LE(pos + 24));
    // The kill may have cut the last record.
    if (end > log.length) break;
    if (kind === undefined) throw new Error('the queue is written in a way that cannot be told');
    steps.push({
      time: log.readBigUInt64LE(pos),
      kind,
      name: log.toString('utf8', named, start),
      offset: Number(log.readBigUInt64LE(pos + 16)),
      bytes: log.subarray(start, end),
    });
    pos = end;
  }
  return steps;
}

/** The files by name after a cut behind so many steps. */
export function filesAfter(steps: readonly Step[], random: Random): Map<string, Buffer> {
  const files = new Map<string, DiskFile>();
  let synced = new Map<string, DiskFile>();
  let changes: ((folder: Map<string, DiskFile>) => void)[] = [];
  const change = (act: (folder: Map<string, DiskFile>) => void): void => {
    act(files);
    changes.push(act);
  };
  for (const { kind, name, offset, bytes } of steps) {
    if (kind === 'write' && !files.has(name)) {
      const created = new DiskFile();
      change((folder) => folder.set(name, created));
    }
    const file = files.get(name);
    if (kind === 'write') file!.write(offset, bytes);
    else if (kind === 'sync') file?.sync();
    else if (kind === 'truncate') file?.truncate(offset);
    else if (kind === 'rename') {
      change((folder) => {
        folder.set(String(bytes), folder.get(name)!);
        folder.delete(name);
      });
    } else if (kind === 'unlink') change((folder) => folder.delete(name));
    else {
      synced = new Map(files);
      changes = [];
    }
  }
  for (const act of changes.slice(0, random.int(0, changes.length + 1))) act(synced);
  return new Map([...synced].map(([name, file]) => [name, file.afterCut(random)]));
}

/** What of a file is on disk, and what is on its way there. */
class DiskFile {
  private durable = Buffer.alloc(0);
  private pending: { offset: number; bytes: Buffer }[] = [];

  write(offset: number, bytes: Buffer): void {
    this.pending.push({ offset, bytes });
  }

  sync(): void {
    for (const { offset, bytes } of this.pending) this.put(offset, bytes);
    this.pending = [];
  }

  truncate(length: number): void {
    this.sync();
    this.durable = Buffer.from(this.durable.subarray(0, length));
  }

  afterCut(random: Random): Buffer {
    for (const { offset, bytes } of this.pending) {
      for (let at = 0; at < bytes.length; ) {
        const end = Math.min(bytes.length, at + SECTOR - ((offset + at) % SECTOR));
        if (random.next() < 0.5) this.put(offset + at, bytes.subarray(at, end));
        at = end;
      }
    }
    return this.durable;
  }

  private put(offset: number, bytes: Buffer): void {
    const size = Math.max(this.durable.length, offset + bytes.length);
    if (size > this.durable.length) {
      const grown = Buffer.alloc(size);
      this.durable.copy(grown);
      this.durable = grown;
    }
    bytes.copy(this.durable, offset);
  }
}
