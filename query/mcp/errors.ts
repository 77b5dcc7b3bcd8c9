// What an error is to a language model.
import {
  AccessDeniedError,
  InvalidInputError,
  NotFoundError,
  UnavailableError,
} from '../base/errors.ts';
import { harmless } from './data.ts';

const told = [InvalidInputError, NotFoundError, AccessDeniedError, UnavailableError];

/**
 * What to change, or that it is not the caller's fault. Nothing of our inside is told.
 *
 * @param report hears of errors that the caller is told nothing about
 */
export function describeError(error: unknown, report: (error: unknown) => void): string {
  if (told.some((kind) => error instanceof kind)) return harmless((error as Error).message);
  report(error);
  return 'Internal error: this could not be answered; the log of the service says why.';
}
