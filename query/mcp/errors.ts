// What an error is to a language model.
import {
  AccessDeniedError,
  InvalidInputError,
  NotFoundError,
  UnavailableError,
} from '../base/errors.ts';
import { excerpt, harmless } from './data.ts';

const shown = [InvalidInputError, NotFoundError, AccessDeniedError, UnavailableError];

const MAX_MESSAGE = 2000;

/** On one line: the message may quote what is stored, which must not look like a turn of its own. */
function quoted(message: string): string {
  return harmless(excerpt(message, MAX_MESSAGE).replace(/[\r\n\t]+/g, ' ')).replaceAll('`', "'");
}

/**
 * What to change, or that it is not the caller's fault. Nothing of our inside is shown.
 *
 * @param report hears of errors that the caller is shown nothing about
 */
export function describeError(error: unknown, report: (error: unknown) => void): string {
  if (shown.some((kind) => error instanceof kind)) return quoted((error as Error).message);
  report(error);
  return 'Internal error: this could not be answered; the log of the service says why.';
}
