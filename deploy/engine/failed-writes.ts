/**
 * Makes a failed write of the engine fail what it belongs to. The chDB library goes on after `write` has failed, be
 * it for a full disk: the statement is confirmed, and at the next start the part with empty files is set aside. So
 * the library calls, in the place of `write`, a few instructions that spoil the file's descriptor after such an error;
 * `fdatasync`, whose errors the library reports, then fails, and with it the insert or the merge.
 */
import { closeSync, constants, openSync, readFileSync, readSync, realpathSync } from 'node:fs';
import { DataType, load } from 'ffi-rs';

const PROT_READ_WRITE = 3;
const PROT_READ_EXECUTE = 5;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const PAGE_BYTES = 4096;

/**
 * `write` for x86-64. What is no error of the disk, goes to standard output or errors, or is appended to a file that
 * is never synced, is as it was.
 * @param write address of the C library's function
 * @param unsyncable a descriptor that takes no writes and cannot be synced
 */
function instructions(write: bigint, unsyncable: number): Buffer {
  const number = Buffer.alloc(4);
  number.writeInt32LE(unsyncable);
  const address = Buffer.alloc(8);
  address.writeBigUInt64LE(write);
  const lines = [
    'f30f1efa', //                endbr64
    'b801000000 0f05', //         write(rdi, rsi, rdx)
    '4885c0 7801 c3', //          return rax, unless it is negative:
    '4883f8e4 7412', //           ENOSPC?
    '4883f886 740c', //           EDQUOT?
    '4883f8fb 7406', //           EIO?
    '4883f8e5 752d', //           EFBIG? else to the end
    '83ff02 7628', //             descriptors 0 to 2: to the end
    '57 56 52', //                push rdi, rsi, rdx
    'be03000000 b848000000 0f05', // fcntl(rdi, F_GETFL)
    'f6c404 7511', //             O_APPEND: over the next
    '488b742410', //              rsi = the descriptor
    `bf${number.toString('hex')} b821000000 0f05`, // dup2(unsyncable, rsi)
    '5a 5e 5f', //                pop rdx, rsi, rdi
    `48b8${address.toString('hex')} ffe0`, // the end: the C library's function, which sets errno
  ];
  return Buffer.from(lines.join('').replaceAll(' ', ''), 'hex');
}

/**
 * Call it when the library and `libc` are loaded, and before the engine runs.
 * @param path of the library
 * @returns whether failed writes are seen from now on: on Linux for x86-64 only
 * @throws when the library is not built as it was until now
 */
export function watchWrites(path: string): boolean {
  if (process.platform !== 'linux' || process.arch !== 'x64') return false;
  const library = realpathSync(path);
  const slot = loadedAt(library) + slotOf(library, 'write');
  // For good: it is copied over descriptors. A device has nothing to sync.
  const unsyncable = openSync('/dev/null', constants.O_RDONLY);
  const code = instructions(address('dlsym', 0n, Buffer.from('write\0')), unsyncable);
  const page = address('mmap', 0n, PAGE_BYTES, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
  copyTo(page, code);
  if (address('mprotect', page, PAGE_BYTES, PROT_READ_EXECUTE) !== 0n) {
    throw new Error('the system lets no instructions be added');
  }
  const pointer = Buffer.alloc(8);
  pointer.writeBigUInt64LE(page);
  copyTo(slot, pointer);
  return true;
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

function copyTo(target: bigint, bytes: Buffer): void {
  address('memcpy', target, bytes, bytes.length);
}

/** Calls a function of the C library that returns an address or a number. */
function address(funcName: string, ...values: (bigint | number | Buffer)[]): bigint {
  const result = load<DataType.I64>({
    library: 'libc',
    funcName,
    retType: DataType.I64,
    paramsType: values.map((value) => (Buffer.isBuffer(value) ? DataType.U8Array : DataType.I64)),
    paramsValue: values.map((value) => (typeof value === 'bigint' ? Number(value) : value)),
  });
  return BigInt(result);
}
