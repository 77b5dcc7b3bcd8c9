// What a verification came to, as text for a terminal.
import { oneLine } from '../../../query/base/text.ts';
import { verifiedText } from '../../../query/questions/verifications/text.ts';
import type { Verified, VerifiedInput } from '../../../query/verify/verify.ts';

const INPUT_CHARS = 400;

const MARKS = {
  fixed: 'fixed        ',
  still_failing: 'STILL FAILING',
  other_failure: 'OTHER FAILURE',
  not_run: 'not run      ',
};

/** One line; two with the smallest part of its input that still fails. */
export function describeVerified(item: VerifiedInput): string {
  const what = item.kind === 'guard' ? 'good input' : `${item.node_id || 'run'} ${item.failure_id}`;
  const [low, high] = item.interval.map((share) => `${(share * 100).toFixed(0)} %`);
  const times =
    item.runs > 1
      ? `, failed ${item.failed_runs} of ${item.runs} runs (${low} to ${high} with 95 %)`
      : '';
  const error = [item.error_type, item.error_message].filter(Boolean).join(': ');
  const why = [error, item.reason].filter(Boolean).join('; ');
  const line = oneLine(`${MARKS[item.result]}  ${what}${times}${why && `  ${why}`}`);
  if (item.smallest === undefined) return line;
  const { input, runs } = item.smallest;
  const shown = input.length > INPUT_CHARS ? `${input.slice(0, INPUT_CHARS)}…` : input;
  return `${line}\n${oneLine(`               smallest part that still fails (${runs} runs): ${shown}`)}`;
}

/** What all of it came to. */
export function summaryOf({ counts, items, ok }: Verified): string {
  if (items.length === 0) return 'nothing to verify: no failure of this agent is stored';
  const { fixed, not_run } = counts;
  const lines = [verifiedText(counts)];
  if (not_run === items.length) lines.push('nothing could be run: this proves nothing');
  if (items.some(({ basis }) => basis === 'exit_code')) {
    lines.push(
      'no spans came from some runs: these were judged by exit code alone, which cannot see a failure that the command survives',
    );
  }
  if (ok && fixed > 0) lines.push('no case fails as before, and nothing new fails');
  return lines.join('\n');
}
