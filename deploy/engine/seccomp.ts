/**
 * Linux's seccomp, for the one thing that the lock of files cannot tell apart: `sqlite('…')` opens its file to read
 * and write, and makes it, before anybody's rights are looked at. ClickHouse makes its own files to write only.
 */
import { inEngineThread, NoLock } from './landlock.ts';
import { callLibc, copyTo } from './libc.ts';

const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2;
const OPENAT: Readonly<Record<string, number>> = { x64: 257, arm64: 56 };
const O_ACCMODE_OR_CREAT = 0o103;
const O_RDWR_AND_CREAT = 0o102;
const EACCES = 13;

const Code = { load: 0x20, jumpUnlessEqual: 0x15, and: 0x54, return: 0x06 } as const;
/** Where in `struct seccomp_data` the call's number stands, and the low half of its third argument. */
const CALL = 0;
const FLAGS = 32;
const ERROR = 0x00050000;
const ALLOW = 0x7fff0000;
const INSTRUCTION_BYTES = 8;

/**
 * The engine's thread makes no more files that it could also read. The thread must have no way to new privileges.
 * @throws {NoLock} when the system cannot do it
 */
export async function forbidReadWriteCreation(): Promise<void> {
  const openat = OPENAT[process.arch];
  if (process.platform !== 'linux' || openat === undefined) {
    throw new NoLock(`${process.platform} on ${process.arch} has no such filter`);
  }
  const filter = program([
    [Code.load, 0, CALL],
    [Code.jumpUnlessEqual, 4, openat],
    [Code.load, 0, FLAGS],
    [Code.and, 0, O_ACCMODE_OR_CREAT],
    [Code.jumpUnlessEqual, 1, O_RDWR_AND_CREAT],
    [Code.return, 0, ERROR | EACCES],
    [Code.return, 0, ALLOW],
  ]);
  const address = inMemory(filter);
  const description = Buffer.alloc(16);
  description.writeUInt16LE(filter.length / INSTRUCTION_BYTES, 0);
  description.writeBigUInt64LE(address, 8);
  await inEngineThread('prctl', PR_SET_SECCOMP, SECCOMP_MODE_FILTER, description, 0, 0);
}

/** Each: code, how many to leave out when it is a comparison that fails, operand. */
function program(instructions: readonly (readonly [number, number, number])[]): Buffer {
  const bytes = Buffer.alloc(instructions.length * INSTRUCTION_BYTES);
  instructions.forEach(([code, otherwise, operand], index) => {
    bytes.writeUInt16LE(code, index * INSTRUCTION_BYTES);
    bytes.writeUInt8(otherwise, index * INSTRUCTION_BYTES + 3);
    bytes.writeUInt32LE(operand, index * INSTRUCTION_BYTES + 4);
  });
  return bytes;
}

/** A copy that nothing moves or frees. @returns its address */
function inMemory(bytes: Buffer): bigint {
  const address = callLibc('malloc', bytes.length);
  copyTo(address, bytes);
  return address;
}
