// A failure as one line that a person reads.
import type { FailureLog } from './types.ts';

const MAX_LENGTH = 2000;
/** What would break the line, move the cursor or turn the direction of the text. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** `failure <id>: node fetch of agent invoices, attempt 1 of 3, retried: ECONNRESET: socket hang up` */
export function lineOf(failure: FailureLog): string {
  const { node_id, attempt, max_attempts, disposition } = failure;
  const where = node_id === undefined ? `run ${failure.run_id}` : `node ${node_id}`;
  const tries =
    attempt === undefined ? '' : `, attempt ${attempt}${max_attempts ? ` of ${max_attempts}` : ''}`;
  const next = disposition ? `, ${disposition}` : '';
  const what = [failure.condition ?? failure.error_type, failure.message].filter(Boolean);
  const text = `failure ${failure.failure_id}: ${where} of agent ${failure.agent_id}${tries}${next}: ${what.join(': ')}`;
  const line = oneLine(text);
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line;
}

function oneLine(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
    return short ?? `\\u{${character.codePointAt(0)!.toString(16)}}`;
  });
}
