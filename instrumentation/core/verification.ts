import { randomUUID } from 'node:crypto';
import { type Attributes, ROOT_CONTEXT, SpanKind, type Tracer } from '@opentelemetry/api';
import { defaultTracer } from '../delivery/default.ts';
import { redact } from '../redaction/index.ts';
import { cutToBytes } from '../redaction/plain.ts';
import type {
  VerificationBasis,
  VerificationKind,
  VerificationResult,
} from '../semconv/attributes.ts';
import * as semconv from '../semconv/attributes.ts';

/** What became of a case that was run again on a changed graph. */
export interface VerifiedCase {
  readonly agentId: string;
  /** A UUID that all results of one verification share. */
  readonly batchId: string;
  readonly kind: VerificationKind;
  readonly result: VerificationResult;
  /** What decided the result; nothing if it was not run. */
  readonly basis?: VerificationBasis | undefined;
  readonly runs: number;
  readonly failedRuns: number;
  /** Fingerprint of the failure that must not come again. */
  readonly fingerprint?: string | undefined;
  readonly nodeId?: string | undefined;
  readonly inputDigest?: string | undefined;
  /** The failure that the input was taken from. */
  readonly failureId?: string | undefined;
  readonly evolutionId?: string | undefined;
  /** The version that it was run on. */
  readonly ref?: string | undefined;
  /** At most 4 KiB are sent. */
  readonly reason?: string | undefined;
  /** What it failed with; at most 4 KiB of the message are sent. */
  readonly errorType?: string | undefined;
  readonly errorMessage?: string | undefined;
  readonly errorFingerprint?: string | undefined;
  /** A UUID. Sent again with the same id it changes nothing. @default a random one */
  readonly id?: string | undefined;
  /** @default now */
  readonly at?: Date | undefined;
}

/**
 * Emits the `verify_case` span of a result and returns the result's id.
 * @param tracer @default the process's private pipeline
 * @throws {TypeError} if `agentId` or `batchId` is missing
 */
export function recordVerification(
  verified: VerifiedCase,
  tracer: Tracer = defaultTracer(),
): string {
  for (const name of ['agentId', 'batchId'] as const) {
    if (typeof verified[name] === 'string' && verified[name] !== '') continue;
    throw new TypeError(`recordVerification: ${name} must be a text that is not empty`);
  }
  const id = verified.id ?? randomUUID();
  const at = verified.at ?? new Date();
  const span = tracer.startSpan(
    `${semconv.SPAN_VERIFY_CASE} ${verified.agentId}`,
    { kind: SpanKind.INTERNAL, startTime: at, root: true, attributes: attributesOf(verified, id) },
    ROOT_CONTEXT,
  );
  span.end(at);
  return id;
}

function attributesOf(verified: VerifiedCase, id: string): Attributes {
  const attributes: Attributes = {
    [semconv.ATTR_GEN_AI_AGENT_ID]: verified.agentId,
    [semconv.ATTR_VERIFICATION_ID]: id,
    [semconv.ATTR_VERIFICATION_BATCH_ID]: verified.batchId,
    [semconv.ATTR_VERIFICATION_KIND]: verified.kind,
    [semconv.ATTR_VERIFICATION_RESULT]: verified.result,
    [semconv.ATTR_VERIFICATION_RUNS]: verified.runs,
    [semconv.ATTR_VERIFICATION_FAILED_RUNS]: verified.failedRuns,
  };
  const optional: Attributes = {
    [semconv.ATTR_VERIFICATION_BASIS]: verified.basis,
    [semconv.ATTR_VERIFICATION_FINGERPRINT]: verified.fingerprint,
    [semconv.ATTR_GRAPH_NODE_ID]: verified.nodeId,
    [semconv.ATTR_VERIFICATION_INPUT_DIGEST]: verified.inputDigest,
    [semconv.ATTR_VERIFICATION_FAILURE_ID]: verified.failureId,
    [semconv.ATTR_EVOLUTION_ID]: verified.evolutionId,
    [semconv.ATTR_GRAPH_SNAPSHOT_REF]: verified.ref,
    [semconv.ATTR_VERIFICATION_REASON]: words(verified.reason, 'verification.reason'),
    [semconv.ATTR_VERIFICATION_ERROR_TYPE]: verified.errorType,
    [semconv.ATTR_VERIFICATION_ERROR_MESSAGE]: words(
      verified.errorMessage,
      'verification.error.message',
    ),
    [semconv.ATTR_VERIFICATION_ERROR_FINGERPRINT]: verified.errorFingerprint,
  };
  for (const [name, value] of Object.entries(optional)) {
    if (value !== undefined && value !== '') attributes[name] = value;
  }
  return attributes;
}

function words(
  text: string | undefined,
  name: 'verification.reason' | 'verification.error.message',
): string | undefined {
  return text && cutToBytes(String(redact(text).value), semconv.MAX_BYTES[name]);
}
