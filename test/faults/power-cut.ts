// The queue's file as a power cut would have left it: what was synced is there; of what was written
// and not synced, some sectors are and some are not.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Random } from './random.ts';

interface Step {
  /** Monotonic time in nanoseconds at which the call had returned. */
  time: bigint;
  kind: 'write' | 'sync';
  /** A write that was on disk when it returned. */
  synced: boolean;
  offset: number;
  bytes: Buffer;
}

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

/** @throws when the file was written in a way that cannot be seen */
export function readWriteLog(file: string): Step[] {
  const log = readFileSync(file);
  const steps: Step[] = [];
  for (let pos = 0; pos + HEAD_BYTES <= log.length; ) {
    const kind = log.readUInt32LE(pos + 8);
    const length = Number(log.readBigUInt64LE(pos + 24));
    const start = pos + HEAD_BYTES;
    // The kill may have cut the last record.
    if (start + length > log.length) break;
    if (kind > 2) throw new Error('the queue is written through a map: writes cannot be told');
    steps.push({
      time: log.readBigUInt64LE(pos),
      kind: kind === 1 ? 'write' : 'sync',
      synced: log.readUInt32LE(pos + 12) === 1,
      offset: Number(log.readBigUInt64LE(pos + 16)),
      bytes: log.subarray(start, start + length),
    });
    pos = start + length;
  }
  return steps;
}

/** The file after a cut behind so many steps. */
export function fileAfter(steps: readonly Step[], random: Random): Buffer {
  const size = Math.max(0, ...steps.map(({ offset, bytes }) => offset + bytes.length));
  const file = Buffer.alloc(size);
  let durableSize = 0;
  let pending: Step[] = [];
  const put = ({ offset, bytes }: Pick<Step, 'offset' | 'bytes'>): void => {
    bytes.copy(file, offset);
    durableSize = Math.max(durableSize, offset + bytes.length);
  };
  for (const step of steps) {
    if (step.kind === 'sync') {
      pending.forEach(put);
      pending = [];
    } else if (step.synced) put(step);
    else pending.push(step);
  }
  for (const { offset, bytes } of pending) {
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + SECTOR - ((offset + at) % SECTOR));
      if (random.next() < 0.5) put({ offset: offset + at, bytes: bytes.subarray(at, end) });
      at = end;
    }
  }
  return file.subarray(0, durableSize);
}
