// What a replay proves. Spans say more than an exit code: which failure it was, and whether it was survived.
import type { VerificationBasis, VerificationResult } from '../../instrumentation/semconv/index.ts';
import type { FailureCase } from '../questions/cases/question.ts';
import type { Replay, ReplayedFailure } from './replay.ts';

/** What one replay came to. */
export interface Judgement {
  result: Exclude<VerificationResult, 'not_run'>;
  basis: VerificationBasis;
  /** What it failed with; empty texts if it did not. */
  error_type: string;
  error_message: string;
  error_fingerprint: string;
  reason: string;
}

/** Dispositions of failures that the run survived. */
const SURVIVED = new Set(['retried', 'recovered', 'routed', 'degraded']);

/**
 * @param failed the case; undefined for an input that has to stay good
 * @param group fingerprints of the group that the case belongs to
 */
export function judge(
  replay: Replay,
  failed: FailureCase | undefined,
  group: ReadonlySet<string>,
): Judgement {
  if (replay.spans === undefined) return byExit(replay, failed);
  const { failures, outcomes } = replay.spans;
  const same = failures.filter(({ fingerprint }) => group.has(fingerprint));
  const asBefore = same.find((failure) => failsAsBefore(failure, failed));
  if (asBefore) return of('still_failing', 'spans', asBefore);
  const other = failures.find(
    (failure) => !group.has(failure.fingerprint) && endsRun(failure, outcomes),
  );
  if (other) return of('other_failure', 'spans', other);
  const ended = unusualEnd(replay);
  if (replay.timedOut) return timedOut(replay, failed, 'spans');
  if (ended !== undefined) return of('other_failure', 'spans', { error_message: ended });
  if (outcomes.includes('failure')) {
    return of('other_failure', 'spans', { error_message: 'its run failed, and no span says why' });
  }
  const reason = same.length > 0 ? 'the failure came again, and the run survived it' : '';
  return { ...of('fixed', 'spans'), reason };
}

/** A failure that used to end the run and no longer does is fixed by a retry or another way. */
function failsAsBefore(now: ReplayedFailure, before: FailureCase | undefined): boolean {
  return !(SURVIVED.has(now.disposition) && before !== undefined && endedRun(before));
}

const endedRun = ({ disposition }: FailureCase): boolean => !SURVIVED.has(disposition);

function endsRun({ disposition, level }: ReplayedFailure, outcomes: readonly string[]): boolean {
  if (SURVIVED.has(disposition)) return false;
  // Nobody says what became of it: a call inside a node of a run that ended well was survived.
  return disposition !== '' || level !== 'operation' || !outcomes.includes('success');
}

/** The command sent no spans: its exit code decides, and what it printed whether it is the same failure. */
function byExit(replay: Replay, failed: FailureCase | undefined): Judgement {
  if (replay.timedOut) return timedOut(replay, failed, 'exit_code');
  const ended = unusualEnd(replay);
  if (ended === undefined) return of('fixed', 'exit_code');
  const printed = lastError(replay.stderr ?? '');
  const shown = printed ?? { error_type: '', error_message: ended };
  if (failed === undefined) return of('other_failure', 'exit_code', shown);
  const known = shortType(failed.error_type);
  const isOther =
    printed !== undefined &&
    shortType(printed.error_type) !== known &&
    !(replay.stderr ?? '').includes(known);
  if (isOther) return of('other_failure', 'exit_code', shown);
  return {
    ...of('still_failing', 'exit_code', shown),
    reason: printed ? '' : 'it sent no spans and printed no error: any failure counts as this one',
  };
}

function timedOut(
  { stderr }: Replay,
  failed: FailureCase | undefined,
  basis: VerificationBasis,
): Judgement {
  const result = /timeout|budget\.time/.test(failed?.class ?? '')
    ? 'still_failing'
    : 'other_failure';
  const error_message = 'it did not end in time and was stopped';
  const reason = lastError(stderr ?? '')?.error_message ?? '';
  return { ...of(result, basis, { error_type: 'timeout', error_message }), reason };
}

function unusualEnd({ exitCode, signal }: Replay): string | undefined {
  if (exitCode === 0) return undefined;
  return signal ? `the command was ended by ${signal}` : `the command ended with code ${exitCode}`;
}

const ERROR_LINE =
  /^(?:Uncaught )?((?:[A-Za-z_$][\w$]*\.)*[A-Z][\w$]*(?:Error|Exception))(?:: (.*))?$/;

/** The last line that looks like an error of JavaScript or Python. */
function lastError(stderr: string): { error_type: string; error_message: string } | undefined {
  for (const line of stderr.split('\n').reverse()) {
    const found = ERROR_LINE.exec(line.trim());
    if (found) return { error_type: found[1]!, error_message: found[2] ?? '' };
  }
  return undefined;
}

const shortType = (type: string): string => type.split('.').at(-1)!;

function of(
  result: Judgement['result'],
  basis: VerificationBasis,
  { error_type = '', error_message = '', fingerprint = '' }: Partial<ReplayedFailure> = {},
): Judgement {
  return { result, basis, error_type, error_message, error_fingerprint: fingerprint, reason: '' };
}
