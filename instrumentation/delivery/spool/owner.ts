// Who owns a folder of the spool, by its name, and whether that owner still lives. There is no
// lock to be left behind: on Linux a process is known by its boot, its PID namespace, its number and
// the moment of its start, which together are never used twice.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { threadId } from 'node:worker_threads';

/** One thread of one process on one machine. */
export interface Owner {
  readonly pid: number;
  /** Clock ticks between boot and the start of the process; 0 where it cannot be known. */
  readonly started: string;
  /** PID namespace: a container's numbers mean nothing outside of it. */
  readonly namespace: string;
  /** Of this boot of this machine, or of its name where there is no id of the boot. */
  readonly machine: string;
  readonly thread: number;
}

/** How often a living owner says so by touching its folder, in milliseconds. */
export const HEARTBEAT_MS = 5_000;

/** An owner that cannot be looked up counts as dead after so long a silence, in milliseconds. */
export const SILENCE_MS = 60_000;

const NAME = /^(\d+)-(\d+)-(\d+)-([0-9a-f]{12})-(\d+)-[0-9a-f]{8}$/;

let here: Owner | undefined;

/** The calling thread. */
export function thisOwner(): Owner {
  here ??= {
    pid: process.pid,
    started: startOf(process.pid) ?? '0',
    namespace: read(() => /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0]) ?? '0',
    machine: createHash('sha256').update(machineText()).digest('hex').slice(0, 12),
    thread: threadId,
  };
  return here;
}

/** A new name for a folder of `owner`; no other folder ever has it. */
export function nameFor(owner: Owner): string {
  const { pid, started, namespace, machine, thread } = owner;
  return `${pid}-${started}-${namespace}-${machine}-${thread}-${randomBytes(4).toString('hex')}`;
}

/** Reads {@link nameFor}; `undefined` if it is no such name. */
export function ownerOfName(name: string): Owner | undefined {
  const [, pid, started, namespace, machine, thread] = NAME.exec(name) ?? [];
  if (!pid || !started || !namespace || !machine || !thread) return undefined;
  return { pid: Number(pid), started, namespace, machine, thread: Number(thread) };
}

/**
 * Whether an owner is gone for good, as seen from this process.
 * @param silentMs milliseconds since it last touched its folder
 */
export function isDead(owner: Owner, silentMs: number): boolean {
  const me = thisOwner();
  // Another machine or container: its processes cannot be seen from here.
  if (owner.machine !== me.machine || owner.namespace !== me.namespace) {
    return silentMs > SILENCE_MS;
  }
  const started = startOf(owner.pid);
  if (started !== undefined && owner.started !== '0' && started !== owner.started) return true;
  if (started === undefined && !answers(owner.pid)) return true;
  // The process lives, but a worker thread may be gone, and without a start the number may be reused.
  const certain = owner.started !== '0' && owner.thread === 0;
  return !certain && silentMs > SILENCE_MS;
}

function startOf(pid: number): string | undefined {
  return read(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program may hold spaces and brackets; the fields count from after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended; only its parent has not looked yet.
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  });
}

function answers(pid: number): boolean {
  // Where there is /proc and it knows nothing of a running process, there is none.
  if (thisOwner().started !== '0') return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function machineText(): string {
  return read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()) ?? hostname();
}

function read<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
