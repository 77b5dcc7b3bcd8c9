// How the process ends: exit codes by the kind of error, one line of reason, never a stack trace.

import { CommanderError } from 'commander';
import { oneLine } from '../../query/base/text.ts';

/** 1: it could not be done, or what was asked for is not there. */
const FAILED = 1;
/** 2: called wrongly: an unknown verb or flag, or a value that is not allowed. */
const USAGE = 2;
/** 3: the service, the collector or the database does not answer; trying again may help. */
const AWAY = 3;
/** 4: a token is missing, wrong, or without this right. */
const DENIED = 4;

const CODES: Readonly<Record<string, number>> = {
  InvalidInputError: USAGE,
  SettingsError: USAGE,
  UnavailableError: AWAY,
  TooManyRequestsError: AWAY,
  AccessDeniedError: DENIED,
};
const AWAY_CODES = ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EHOSTUNREACH', 'ETIMEDOUT'];

/** Ends the process because of an error; help and version, which were asked for, are none. */
export function endWith(error: unknown): never {
  // What is wrong with the call was said by commander itself.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : USAGE);
  const { name, code, message } = error as NodeJS.ErrnoException;
  process.stderr.write(`faultline: ${oneLine(message ?? String(error))}\n`);
  process.exit(CODES[name] ?? (AWAY_CODES.includes(code ?? '') ? AWAY : FAILED));
}

let endsWithReader = true;

/** From now on it goes on when nobody reads its output any more. */
export function outliveReader(): void {
  endsWithReader = false;
}

/** Watches for what would otherwise end in a stack trace. */
export function guardProcess(): void {
  process.on('uncaughtException', endWith);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') endWith(error);
    if (endsWithReader) process.exit(0);
  });
  process.stderr.on('error', () => {});
}
