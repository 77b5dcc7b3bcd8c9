/**
 * Makes a failed write of the engine fail what it belongs to. The chDB library goes on after `write` has failed, be
 * it for a full disk: the statement is confirmed, and at the next start the part with empty files is set aside. So
 * the library calls, in the place of `write`, a few instructions that spoil the file's descriptor after such an error;
 * `fdatasync`, whose errors the library reports, then fails, and with it the insert or the merge.
 */
import { closeSync, constants, openSync, readFileSync, readSync, realpathSync } from 'node:fs';
import { callLibc, copyTo } from './libc.ts';

const PROT_READ_WRITE = 3;
const PROT_READ_EXECUTE = 5;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const MAP_FAILED = -1n;
const PAGE_BYTES = 4096;

/**
 * `write` for x86-64: the C library's, and what is done when it fails. What is no error of the disk, goes to standard
 * output or errors, or is appended to a file that is never synced, is as it was.
 * @param functions addresses of functions of the C library
 * @param unsyncable a descriptor that takes no writes and cannot be synced
 */
function instructions(functions: { write: bigint; errno: bigint }, unsyncable: number): Buffer {
  const lines = [
    'f30f1efa', //                                   endbr64
    '57 56 52', //                                   push rdi, rsi, rdx
    `48b8${littleEndian(functions.write, 8)} ffd0`, // write(rdi, rsi, rdx)
    '4885c0 7953', //                                no failure: to the end
    `48b8${littleEndian(functions.errno, 8)} ffd0`, // ecx = errno
    '8b08',
    '83f91c 740f', //                                ENOSPC?
    '83f97a 740a', //                                EDQUOT?
    '83f905 7405', //                                EIO?
    '83f91b 752a', //                                EFBIG? else to "failed"
    '8b7c2410', //                                   edi = the descriptor
    '83ff02 7621', //                                0 to 2: to "failed"
    'be03000000 b848000000 0f05', //                 fcntl(edi, F_GETFL)
    'f6c404 7510', //                                O_APPEND: to "failed"
    '8b742410', //                                   esi = the descriptor
    `bf${littleEndian(BigInt(unsyncable), 4)} b821000000 0f05`, // dup2(unsyncable, esi)
    '48c7c0ffffffff', //                             failed: return -1, errno as it is
    '4883c418 c3', //                                end
  ];
  return Buffer.from(lines.join('').replaceAll(' ', ''), 'hex');
}

function littleEndian(value: bigint, bytes: number): string {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(value);
  return buffer.toString('hex', 0, bytes);
}

/**
 * Call it when both libraries are loaded, and before the engine runs. Does nothing but on Linux for x86-64.
 * @param path of the engine's library
 * @throws when it is not built as it was until now, or the system lets no instructions be added
 */
export function watchWrites(path: string): void {
  if (process.platform !== 'linux' || process.arch !== 'x64') return;
  const library = realpathSync(path);
  const slot = loadedAt(library) + slotOf(library, 'write');
  // For good: it is copied over descriptors. A device has nothing to sync.
  const unsyncable = openSync('/dev/null', constants.O_RDONLY);
  const find = (name: string) => callLibc('dlsym', 0, Buffer.from(`${name}\0`));
  const functions = { write: find('write'), errno: find('__errno_location') };
  const code = instructions(functions, unsyncable);
  const page = callLibc('mmap', 0, PAGE_BYTES, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
  if (page === MAP_FAILED) throw new Error('the system has no memory for instructions');
  copyTo(page, code);
  // The function returns an int: of 64 bits only the low half counts.
  if (BigInt.asIntN(32, callLibc('mprotect', page, PAGE_BYTES, PROT_READ_EXECUTE)) !== 0n) {
    throw new Error('the system lets no instructions be added');
  }
  const pointer = Buffer.alloc(8);
  pointer.writeBigUInt64LE(page);
  copyTo(slot, pointer);
}

/** Where the system has put the start of a file. */
function loadedAt(path: string): bigint {
  const lines = readFileSync('/proc/self/maps', 'utf8').split('\n');
  const [start] = lines.find((line) => line.endsWith(` ${path}`))?.split('-') ?? [];
  if (start === undefined) throw new Error(`${path} is not loaded`);
  return BigInt(`0x${start}`);
}

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT_PLTRELSZ = 2;
const DT_STRTAB = 5;
const DT_SYMTAB = 6;
const DT_JMPREL = 23;
const RELOCATION_BYTES = 24;
const SYMBOL_BYTES = 24;

/**
 * Where a library looks up the address of a function that it calls: in an ELF file of 64 bits.
 * @returns in bytes from where the library is loaded
 */
function slotOf(path: string, name: string): bigint {
  const file = openSync(path, constants.O_RDONLY);
  const read = (offset: bigint, length: number): Buffer => {
    const bytes = Buffer.alloc(length);
    readSync(file, bytes, 0, length, offset);
    return bytes;
  };
  try {
    const header = read(0n, 64);
    const size = header.readUInt16LE(54);
    const table = read(header.readBigUInt64LE(32), size * header.readUInt16LE(56));
    const segments = records(table, size).map((segment) => ({
      type: segment.readUInt32LE(0),
      offset: segment.readBigUInt64LE(8),
      address: segment.readBigUInt64LE(16),
      bytes: segment.readBigUInt64LE(32),
    }));
    const dynamic = segments.find(({ type }) => type === PT_DYNAMIC)!;
    const tags = new Map(
      records(read(dynamic.offset, Number(dynamic.bytes)), 16).map((entry) => [
        Number(entry.readBigInt64LE(0)),
        entry.readBigUInt64LE(8),
      ]),
    );
    const at = (tag: number): bigint => {
      const address = tags.get(tag)!;
      const segment = segments.findLast((one) => one.type === PT_LOAD && one.address <= address)!;
      return segment.offset + address - segment.address;
    };
    const names = at(DT_STRTAB);
    const wanted = Buffer.from(`${name}\0`);
    const slots = records(read(at(DT_JMPREL), Number(tags.get(DT_PLTRELSZ))), RELOCATION_BYTES);
    const slot = slots.find((entry) => {
      const symbol = read(at(DT_SYMTAB) + BigInt(entry.readUInt32LE(12) * SYMBOL_BYTES), 4);
      return read(names + BigInt(symbol.readUInt32LE(0)), wanted.length).equals(wanted);
    });
    if (!slot) throw new Error(`${path} does not call ${name} as it did`);
    return slot.readBigUInt64LE(0);
  } finally {
    closeSync(file);
  }
}

function records(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: bytes.length / size }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
}
