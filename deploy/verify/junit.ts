// The results as a JUnit file, which CI systems show.
import type { Verified, VerifiedInput } from '../../query/verify/verify.ts';

const MOST_CHARS = 2000;

/** The XML text. */
export function junitOf({ agent_id, counts, items }: Verified, seconds: number): string {
  const failures = counts.still_failing + counts.other_failure;
  const suite = `name="faultline verify ${xml(agent_id)}" tests="${items.length}" failures="${failures}" errors="0" skipped="${counts.not_run}" time="${seconds.toFixed(3)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite ${suite}>`,
    ...items.map(testCase),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase(item: VerifiedInput, at: number): string {
  const name =
    item.kind === 'guard'
      ? `good input ${at + 1}`
      : `${item.node_id || 'run'}: failure ${item.failure_id || 'without input'}`;
  const open = `    <testcase classname="${xml(item.fingerprint || 'good inputs')}" name="${xml(name)}"`;
  const inside = insideOf(item);
  return inside === '' ? `${open}/>` : `${open}>${inside}</testcase>`;
}

function insideOf(item: VerifiedInput): string {
  const { result, reason, error_type, error_message, runs, failed_runs } = item;
  if (result === 'fixed') return '';
  if (result === 'not_run') return `<skipped message="${xml(reason)}"/>`;
  const what = [error_type, error_message].filter(Boolean).join(': ');
  const times = runs > 1 ? ` in ${failed_runs} of ${runs} runs` : '';
  return `<failure type="${result}" message="${xml(`${result}${times}: ${what}`)}">${xml(item.input)}</failure>`;
}

/** Text of others for XML: escaped, cut, without characters that XML 1.0 does not have. */
function xml(text: string): string {
  const cut = text.length > MOST_CHARS ? `${text.slice(0, MOST_CHARS)}…` : text;
  return cut
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '�')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\r', '&#13;');
}
