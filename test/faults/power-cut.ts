// Writes down what processes do to a folder, in order, from which disk.ts makes it as a power cut would have left it.
import { spawnSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NotHere } from './fault.ts';
import { TOLD } from './requests.ts';
import type { Acknowledged, Sender } from './sender.ts';

export interface Step {
  /** Monotonic time in nanoseconds at which the call had returned. */
  time: bigint;
  kind: (typeof KINDS)[number];
  /** Path of the file or folder in the recorded folder; empty for that folder itself. */
  name: string;
  /** Where a write begins; how long a cut file is; 1 where a file is opened empty. */
  offset: number;
  /** What is written; the other name; where a symbolic link leads. */
  bytes: Buffer;
}

/** In the order of power-cut.c, from 1. */
const KINDS = [
  'write',
  'sync',
  'truncate',
  'rename',
  'unlink',
  'create',
  'mkdir',
  'rmdir',
  'link',
  'symlink',
  'sync all',
  'exchange',
] as const;
const HEAD_BYTES = 32;

/** Writes down what processes do to a folder. */
export class Recorder {
  /** Environment of the processes. */
  readonly env: { LD_PRELOAD: string };
  readonly #log: string;

  /**
   * @param folder an existing one, whose files are recorded
   * @param beside a folder for what is recorded
   * @throws {NotHere} where that cannot be done
   */
  constructor(folder: string, beside: string) {
    if (process.platform !== 'linux') throw new NotHere('it needs LD_PRELOAD, which is of Linux');
    const library = join(beside, 'power-cut.so');
    this.#log = join(beside, 'writes');
    const source = fileURLToPath(new URL('./power-cut.c', import.meta.url));
    const places = { ROOT: realpathSync(folder), LOG: this.#log };
    const defined = Object.entries(places).map(([name, path]) => `-D${name}="${path}"`);
    const flags = ['-shared', '-fPIC', '-O1', ...defined, '-o', library, source];
    const { status, stderr } = spawnSync('cc', [...flags, '-ldl', '-lpthread'], {
      encoding: 'utf8',
    });
    if (status !== 0) {
      throw new NotHere(`it needs a C compiler, cc${stderr ? `: ${stderr.split('\n')[0]}` : ''}`);
    }
    this.env = { LD_PRELOAD: library };
  }

  /** @throws when files were written in a way that cannot be seen */
  steps(): Step[] {
    const log = readFileSync(this.#log);
    const steps: Step[] = [];
    for (let pos = 0; pos + HEAD_BYTES <= log.length; ) {
      const kind = KINDS[log.readUInt32LE(pos + 8) - 1];
      const named = pos + HEAD_BYTES;
      const start = named + log.readUInt32LE(pos + 12);
      const end = start + Number(log.readBigUInt64LE(pos + 24));
      // The kill may have cut the last record.
      if (end > log.length) break;
      const name = log.toString('utf8', named, start);
      if (kind === undefined) throw new Error(`${name} is written in a way that cannot be told`);
      steps.push({
        time: log.readBigUInt64LE(pos),
        kind,
        name,
        offset: Number(log.readBigUInt64LE(pos + 16)),
        bytes: log.subarray(start, end),
      });
      pos = end;
    }
    return steps;
  }
}

/** What was acknowledged before a moment. Nothing is written between two steps: the next one's counts. */
export function acknowledgedBefore({ times }: Sender, moment: bigint | undefined): Acknowledged {
  const acknowledged: Acknowledged = {
    failures: new Set(),
    spans: new Set(),
    runs: new Set(),
    sessions: new Set(),
  };
  for (const { told, at } of times) {
    if (moment !== undefined && at >= moment) continue;
    for (const table of TOLD) for (const id of told[table]) acknowledged[table].add(id);
  }
  return acknowledged;
}
