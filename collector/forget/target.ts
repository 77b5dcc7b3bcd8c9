// What is to be forgotten.

/** One of the three; `before` is an ISO 8601 time. */
export type ForgetTarget = { session: string } | { agent: string } | { before: string };

/** The message names the field, and what it has to be. */
export class ForgetInputError extends Error {
  override name = 'ForgetInputError';
}

const KINDS = ['session', 'agent', 'before'] as const;

/** @throws {ForgetInputError} unless exactly one thing is named */
export function forgetTarget(input: unknown): ForgetTarget {
  const fields = typeof input === 'object' && input !== null ? Object.entries(input) : [];
  const [kind, value] = fields[0] ?? [];
  const known = KINDS.find((name) => name === kind);
  if (fields.length !== 1 || known === undefined) {
    throw new ForgetInputError(`expected one of the fields ${KINDS.join(', ')}`);
  }
  if (typeof value !== 'string' || value === '' || value.length > 4096) {
    throw new ForgetInputError(`${known}: expected a text of 1 to 4096 characters`);
  }
  if (known !== 'before') return { [known]: value } as ForgetTarget;
  const time = new Date(value);
  if (!/^\d{4}-\d\d-\d\d/.test(value) || Number.isNaN(time.getTime())) {
    throw new ForgetInputError('before: expected an ISO 8601 time, as in 2026-11-01T00:00:00Z');
  }
  if (time.getTime() > Date.now())
    throw new ForgetInputError('before: expected a time that is past');
  return { before: time.toISOString() };
}

/** Whether a row, as dead letters hold it, is meant. */
export function meansRow(target: ForgetTarget): (row: Record<string, unknown>) => boolean {
  if ('session' in target) return (row) => row.session_id === target.session;
  if ('agent' in target) return (row) => row.agent_id === target.agent;
  const before = target.before.replace('T', ' ').replace('Z', '');
  return (row) => String(row.timestamp ?? row.started_at ?? row.last_seen ?? '9') < before;
}
