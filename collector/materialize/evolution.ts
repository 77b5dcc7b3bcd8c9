import { failureId } from '../../instrumentation/semconv/failure-id.ts';
import {
  ATTR_EVOLUTION_AUTHOR,
  ATTR_EVOLUTION_FROM_REF,
  ATTR_EVOLUTION_ID,
  ATTR_EVOLUTION_RATIONALE,
  ATTR_EVOLUTION_RESOLUTION,
  ATTR_EVOLUTION_STATUS,
  ATTR_EVOLUTION_STRATEGY,
  ATTR_EVOLUTION_TARGET_FAILURES,
  ATTR_EVOLUTION_TARGET_FINGERPRINTS,
  ATTR_EVOLUTION_TRIGGER,
  ATTR_GEN_AI_AGENT_ID,
  evolveGraphAttributes,
} from '../../instrumentation/semconv/index.ts';
import type { Span } from '../decode/span.ts';
import type { EvolutionRow } from '../rows/rows.ts';
import { firstCredible, formatTime } from '../rows/time.ts';
import type { AttributeReader } from './attribute-reader.ts';
import type { Origin } from './origin.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The row of an `evolve_graph` span, or what is wrong with it, naming the attribute. */
export function evolutionRow(
  span: Span,
  attributes: AttributeReader,
  origin: Origin,
  receivedAt: bigint,
): EvolutionRow | string {
  const parsed = evolveGraphAttributes.safeParse({
    ...Object.fromEntries(span.attributes),
    ...(origin.agent_id === '' ? {} : { [ATTR_GEN_AI_AGENT_ID]: origin.agent_id }),
  });
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    return `${issue.path.join('.')}: ${issue.message}`;
  }
  if (parsed.data[ATTR_EVOLUTION_ID] === '') return `${ATTR_EVOLUTION_ID}: must not be empty`;
  const named = parsed.data[ATTR_EVOLUTION_TARGET_FAILURES] ?? [];
  const wrong = named.find((id) => !UUID.test(id));
  if (wrong !== undefined) {
    const shown = attributes.redactor.text(ATTR_EVOLUTION_TARGET_FAILURES, wrong, 60);
    return `${ATTR_EVOLUTION_TARGET_FAILURES}: expected UUIDs, got ${JSON.stringify(shown)}`;
  }
  const linked = span.links
    .filter((link) => link.traceId.length === 32 && link.spanId.length === 16)
    .map((link) => failureId(link.traceId, link.spanId));
  const fingerprints = parsed.data[ATTR_EVOLUTION_TARGET_FINGERPRINTS] ?? [];
  return {
    timestamp: formatTime(firstCredible(span.startNs, span.endNs, receivedAt)),
    evolution_id: attributes.text(ATTR_EVOLUTION_ID),
    agent_id: origin.agent_id,
    agent_name: origin.agent_name,
    trigger: attributes.text(ATTR_EVOLUTION_TRIGGER),
    resolution: attributes.text(ATTR_EVOLUTION_RESOLUTION),
    strategy: attributes.text(ATTR_EVOLUTION_STRATEGY),
    rationale: attributes.text(ATTR_EVOLUTION_RATIONALE),
    status: attributes.text(ATTR_EVOLUTION_STATUS),
    author: attributes.text(ATTR_EVOLUTION_AUTHOR),
    from_ref: attributes.text(ATTR_EVOLUTION_FROM_REF),
    graph_snapshot_ref: origin.graph_snapshot_ref,
    target_fingerprints: [
      ...new Set(
        fingerprints.map((text) => attributes.bounded(ATTR_EVOLUTION_TARGET_FINGERPRINTS, text)),
      ),
    ],
    target_failures: [...new Set([...named.map((id) => id.toLowerCase()), ...linked])],
    trace_id: span.traceId,
    span_id: span.spanId,
    service_name: origin.service_name,
    environment: origin.environment,
    received_at: formatTime(receivedAt),
  };
}
