/**
 * A terminal for the engine's standard input.
 *
 * `clickhouse local` makes two things depend on it: without a terminal it takes every exception in a
 * connection's thread for a reason to abort the whole process, so that a wrong password over the native
 * protocol would end the engine; and its last statement, which reads standard input, holds it open until
 * end-of-file, which on a terminal is a byte that is written.
 */
import { writeSync } from 'node:fs';
import { DataType, load } from 'ffi-rs';
import { openLibc } from './libc.ts';

const O_RDWR = 2;
const O_NOCTTY = process.platform === 'darwin' ? 0x20000 : 0x100;
const END_OF_FILE = '\x04';

/**
 * Puts a new terminal in the place of this process's standard input.
 * @returns writes end-of-file to it
 * @throws {Error} when the system has none to give
 */
export function standardInputAsTerminal(): () => void {
  openLibc();
  const leader = call('posix_openpt', O_RDWR | O_NOCTTY);
  call('grantpt', leader);
  call('unlockpt', leader);
  const name = load({
    library: 'libc',
    funcName: 'ptsname',
    retType: DataType.String,
    paramsType: [DataType.I32],
    paramsValue: [leader],
  });
  const follower = load({
    library: 'libc',
    funcName: 'open',
    retType: DataType.I32,
    paramsType: [DataType.String, DataType.I32],
    paramsValue: [name, O_RDWR | O_NOCTTY],
  });
  if (follower < 0) throw new Error(`the terminal ${name} cannot be opened`);
  call('dup2', follower, 0);
  return () => writeSync(leader, END_OF_FILE);
}

function call(funcName: string, ...paramsValue: number[]): number {
  const result = load({
    library: 'libc',
    funcName,
    retType: DataType.I32,
    paramsType: paramsValue.map(() => DataType.I32),
    paramsValue,
  });
  if (result < 0) throw new Error(`${funcName} failed: the system has no terminal to give`);
  return result;
}
