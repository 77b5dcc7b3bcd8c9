// What the doctor says of one thing.

export type Status = 'ok' | 'warn' | 'fail';

export interface Finding {
  check: string;
  status: Status;
  /** What was found. */
  detail: string;
  /** What to do; empty when nothing has to be done. */
  advice: string;
}

export const ok = (check: string, detail: string): Finding => ({
  check,
  status: 'ok',
  detail,
  advice: '',
});

export const warn = (check: string, detail: string, advice: string): Finding => ({
  check,
  status: 'warn',
  detail,
  advice,
});

export const fail = (check: string, detail: string, advice: string): Finding => ({
  check,
  status: 'fail',
  detail,
  advice,
});

/** The first line of what went wrong, with what lies under it. */
export function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  const under = cause instanceof Error && cause.message ? `: ${cause.message}` : '';
  return `${message}${under}`.split('\n')[0]!;
}
