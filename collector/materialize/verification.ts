import {
  ATTR_EVOLUTION_ID,
  ATTR_GEN_AI_AGENT_ID,
  ATTR_GRAPH_NODE_ID,
  ATTR_VERIFICATION_BASIS,
  ATTR_VERIFICATION_BATCH_ID,
  ATTR_VERIFICATION_ERROR_FINGERPRINT,
  ATTR_VERIFICATION_ERROR_MESSAGE,
  ATTR_VERIFICATION_ERROR_TYPE,
  ATTR_VERIFICATION_FAILED_RUNS,
  ATTR_VERIFICATION_FAILURE_ID,
  ATTR_VERIFICATION_FINGERPRINT,
  ATTR_VERIFICATION_ID,
  ATTR_VERIFICATION_INPUT_DIGEST,
  ATTR_VERIFICATION_KIND,
  ATTR_VERIFICATION_REASON,
  ATTR_VERIFICATION_RESULT,
  ATTR_VERIFICATION_RUNS,
  verifyCaseAttributes,
} from '../../instrumentation/semconv/index.ts';
import type { Span } from '../decode/span.ts';
import type { VerificationRow } from '../rows/rows.ts';
import { firstCredible, formatTime } from '../rows/time.ts';
import type { AttributeReader } from './attribute-reader.ts';
import type { Origin } from './origin.ts';

/** What an attribute has to look like; `isNeeded`: it must not be empty. */
const SHAPES: readonly (readonly [name: string, shape: RegExp, what: string, isNeeded: boolean])[] =
  [
    [ATTR_VERIFICATION_ID, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'a UUID', true],
    [ATTR_VERIFICATION_BATCH_ID, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'a UUID', true],
    [ATTR_VERIFICATION_FINGERPRINT, /^v\d{1,4}:[0-9a-f]{32}$/, 'a fingerprint', false],
    [ATTR_VERIFICATION_ERROR_FINGERPRINT, /^v\d{1,4}:[0-9a-f]{32}$/, 'a fingerprint', false],
    [ATTR_VERIFICATION_INPUT_DIGEST, /^[0-9a-f]{64}$/, '64 lower-case hex digits', false],
  ];

/** The row of a `verify_case` span, or what is wrong with it, naming the attribute. */
export function verificationRow(
  span: Span,
  attributes: AttributeReader,
  origin: Origin,
  receivedAt: bigint,
): VerificationRow | string {
  const sent = verifyCaseAttributes.safeParse({
    ...Object.fromEntries(span.attributes),
    ...(origin.agent_id === '' ? {} : { [ATTR_GEN_AI_AGENT_ID]: origin.agent_id }),
  });
  if (!sent.success) {
    const issue = sent.error.issues[0]!;
    return `${issue.path.join('.')}: ${issue.message}`;
  }
  for (const [name, shape, what, isNeeded] of SHAPES) {
    const text = attributes.peek(name);
    if (shape.test(text) || (text === '' && !isNeeded)) continue;
    return `${name}: expected ${what}, got ${JSON.stringify(attributes.redactor.text(name, text, 60))}`;
  }
  const runs = sent.data[ATTR_VERIFICATION_RUNS];
  const failedRuns = sent.data[ATTR_VERIFICATION_FAILED_RUNS];
  if (failedRuns > runs) {
    return `${ATTR_VERIFICATION_FAILED_RUNS}: expected at most the ${runs} runs, got ${failedRuns}`;
  }
  return {
    timestamp: formatTime(firstCredible(span.startNs, span.endNs, receivedAt)),
    verification_id: sent.data[ATTR_VERIFICATION_ID].toLowerCase(),
    batch_id: sent.data[ATTR_VERIFICATION_BATCH_ID].toLowerCase(),
    agent_id: origin.agent_id,
    evolution_id: attributes.text(ATTR_EVOLUTION_ID),
    graph_snapshot_ref: origin.graph_snapshot_ref,
    fingerprint: attributes.text(ATTR_VERIFICATION_FINGERPRINT),
    node_id: attributes.text(ATTR_GRAPH_NODE_ID),
    kind: sent.data[ATTR_VERIFICATION_KIND],
    input_digest: attributes.peek(ATTR_VERIFICATION_INPUT_DIGEST),
    failure_id: attributes.text(ATTR_VERIFICATION_FAILURE_ID),
    result: sent.data[ATTR_VERIFICATION_RESULT],
    basis: sent.data[ATTR_VERIFICATION_BASIS] ?? '',
    runs,
    failed_runs: failedRuns,
    reason: attributes.text(ATTR_VERIFICATION_REASON),
    error_type: attributes.text(ATTR_VERIFICATION_ERROR_TYPE),
    error_message: attributes.text(ATTR_VERIFICATION_ERROR_MESSAGE),
    error_fingerprint: attributes.peek(ATTR_VERIFICATION_ERROR_FINGERPRINT),
  };
}
