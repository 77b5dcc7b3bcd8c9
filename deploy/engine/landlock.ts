/**
 * Linux's Landlock: a thread, and all that it makes afterwards, gives up for good what files and ports it may
 * reach. Here that is the engine's thread, before the engine runs in it. Kernels before 5.19 or with it switched
 * off, containers that forbid it, and macOS are no error: see {@link NoLock}.
 */
import { closeSync, constants, openSync, statSync } from 'node:fs';
import { DataType, load } from 'ffi-rs';
import { type LibcValue, libcParams } from './libc.ts';
import type { Lock } from './messages.ts';

/** What stays in reach. Folders mean everything in them; paths that are not there are left out. */
export interface Reach {
  read: readonly string[];
  /** Read, written, made and removed; what is there already is never emptied. */
  write: readonly string[];
  /** May also be emptied. */
  rewrite: readonly string[];
  /**
   * Files that the kernel makes: each lookup may find another inode, and rules are of inodes. So these stay
   * open, which keeps theirs.
   */
  kernel: readonly string[];
  /** TCP ports that may be listened on. */
  listen: readonly number[];
  /** TCP ports that may be connected to; undefined: any. */
  connect: readonly number[] | undefined;
}

/** The system cannot lock; the message is why. */
export class NoLock extends Error {
  override name = 'NoLock';
}

// The same on every architecture, as all system calls that are newer than 2019.
const CREATE_RULESET = 444;
const ADD_RULE = 445;
const RESTRICT_SELF = 446;
const ASK_VERSION = 1;
const RULE_PATH = 1;
const RULE_PORT = 2;
const PR_SET_NO_NEW_PRIVS = 38;
const O_PATH = 0o10000000;

const Access = {
  execute: 1n << 0n,
  writeFile: 1n << 1n,
  readFile: 1n << 2n,
  readFolder: 1n << 3n,
  removeFolder: 1n << 4n,
  removeFile: 1n << 5n,
  makeFolder: 1n << 7n,
  makeFile: 1n << 8n,
  makeLink: 1n << 12n,
  /** Rename or link into another folder. */
  refer: 1n << 13n,
  /** Version 3. */
  truncate: 1n << 14n,
} as const;
const bits = (...rights: bigint[]) => rights.reduce((all, right) => all | right, 0n);

const READ = bits(Access.readFile, Access.readFolder);
const REWRITE = bits(READ, ...Object.values(Access)) & ~Access.execute;
const WRITE = REWRITE & ~Access.truncate;
/** Rights that a rule on a file may have. */
const OF_FILES = bits(Access.writeFile, Access.readFile, Access.truncate);
/** Rights that exist, by version: sockets, devices and ioctl on devices are among them and never allowed. */
const HANDLED_BITS = [0, 0, 14, 15, 15, 16] as const;
const LISTEN = 1n << 0n;
const CONNECT = 1n << 1n;
/** Abstract UNIX sockets and signals of others; version 6. */
const SCOPES = 3n;

/**
 * Locks the thread that `runInNewThread` calls go to, which is one only: the child's pool has that size.
 * @throws {NoLock} when the system has no Landlock, or does not let it be used
 */
export async function restrictEngine(reach: Reach): Promise<Lock> {
  if (process.platform !== 'linux') throw new NoLock(`${process.platform} has no Landlock`);
  const version = landlockVersion();
  // Before, nothing may be renamed into another folder.
  if (version < 2) throw new NoLock('this kernel is older than 5.19');
  const hasNetwork = version >= 4;
  const handled = (1n << BigInt(HANDLED_BITS[Math.min(version, 5)]!)) - 1n;
  const attributes = Buffer.alloc(24);
  attributes.writeBigUInt64LE(handled, 0);
  if (hasNetwork) attributes.writeBigUInt64LE(reach.connect ? LISTEN | CONNECT : LISTEN, 8);
  if (version >= 6) attributes.writeBigUInt64LE(SCOPES, 16);
  const size = version >= 6 ? 24 : hasNetwork ? 16 : 8;
  const rules = system('landlock_create_ruleset', CREATE_RULESET, attributes, size, 0);
  try {
    for (const path of reach.read) allowPath(rules, path, READ & handled);
    for (const path of reach.write) allowPath(rules, path, WRITE & handled);
    for (const path of reach.rewrite) allowPath(rules, path, REWRITE & handled);
    for (const path of reach.kernel) allowPath(rules, path, READ & handled, true);
    if (hasNetwork) {
      for (const port of reach.listen) allowPort(rules, port, LISTEN);
      for (const port of reach.connect ?? []) allowPort(rules, port, CONNECT);
    }
    await inEngineThread('prctl', PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    await inEngineThread('syscall', RESTRICT_SELF, rules, 0);
  } finally {
    closeSync(rules);
  }
  const network = hasNetwork && reach.connect !== undefined;
  const reason = hasNetwork ? '' : 'this kernel is older than 6.7';
  return { files: true, network, reason };
}

/** @throws {NoLock} that says in words what is missing */
function landlockVersion(): number {
  try {
    return system('landlock_create_ruleset', CREATE_RULESET, 0, 0, ASK_VERSION);
  } catch (error) {
    const { message } = error as NoLock;
    throw new NoLock(
      /os error 38/.test(message)
        ? 'this kernel has no Landlock, or the container hides it'
        : /os error 95/.test(message)
          ? 'Landlock is switched off in this kernel'
          : message,
      { cause: error },
    );
  }
}

function allowPath(rules: number, path: string, rights: bigint, stays = false): void {
  let file: number;
  try {
    file = openSync(path, O_PATH | constants.O_RDONLY);
  } catch {
    return;
  }
  try {
    const rule = Buffer.alloc(12);
    rule.writeBigUInt64LE(statSync(path).isDirectory() ? rights : rights & OF_FILES, 0);
    rule.writeInt32LE(file, 8);
    system('landlock_add_rule', ADD_RULE, rules, RULE_PATH, rule, 0);
  } finally {
    if (!stays) closeSync(file);
  }
}

function allowPort(rules: number, port: number, right: bigint): void {
  const rule = Buffer.alloc(16);
  rule.writeBigUInt64LE(right, 0);
  rule.writeBigUInt64LE(BigInt(port), 8);
  system('landlock_add_rule', ADD_RULE, rules, RULE_PORT, rule, 0);
}

/** Calls a function of libc in the engine's thread. @throws {NoLock} with the system's reason when it fails */
export async function inEngineThread(
  funcName: string,
  ...values: readonly LibcValue[]
): Promise<void> {
  const { value, errnoMessage } = await load<DataType.I64, true, true>({
    library: 'libc',
    funcName,
    retType: DataType.I64,
    ...libcParams(values),
    errno: true,
    runInNewThread: true,
  });
  if (Number(value) !== 0) throw new NoLock(`${funcName}: ${errnoMessage}`);
}

/** A system call by its number, because not every libc has a function for these. */
function system(name: string, number: number, ...values: readonly LibcValue[]): number {
  const { value, errnoMessage } = load<DataType.I64, true>({
    library: 'libc',
    funcName: 'syscall',
    retType: DataType.I64,
    ...libcParams([number, ...values]),
    errno: true,
  });
  if (Number(value) < 0) throw new NoLock(`${name}: ${errnoMessage}`);
  return Number(value);
}
