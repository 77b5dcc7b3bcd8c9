/** Functions of the C library, which the engine's thread and its memory are prepared with. */
import { DataType, load, open } from 'ffi-rs';

export type LibcValue = number | bigint | Buffer;

/** Loads it; before the first call of any of its functions. */
export function openLibc(): void {
  const path = process.platform === 'darwin' ? 'libSystem.B.dylib' : 'libc.so.6';
  open({ library: 'libc', path });
}

/** The types and values of a call: numbers as 64 bits, buffers as their addresses. */
export function libcParams(values: readonly LibcValue[]) {
  return {
    paramsType: values.map((value) => (Buffer.isBuffer(value) ? DataType.U8Array : DataType.I64)),
    paramsValue: values.map((value) => (typeof value === 'bigint' ? Number(value) : value)),
  };
}

/** Calls a function that returns an address or a number of 64 bits. */
export function callLibc(funcName: string, ...values: readonly LibcValue[]): bigint {
  return BigInt(
    load<DataType.I64>({
      library: 'libc',
      funcName,
      retType: DataType.I64,
      ...libcParams(values),
    }),
  );
}

/** Writes to memory of this process. */
export function copyTo(address: bigint, bytes: Buffer): void {
  callLibc('memcpy', address, bytes, bytes.length);
}
