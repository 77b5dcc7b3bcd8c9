import { randomUUID } from 'node:crypto';
import {
  type Attributes,
  ROOT_CONTEXT,
  SpanKind,
  TraceFlags,
  type Tracer,
} from '@opentelemetry/api';
import { defaultTracer } from '../delivery/default.ts';
import { redact } from '../redaction/index.ts';
import { cutToBytes } from '../redaction/plain.ts';
import type { EvolutionStatus, EvolutionTrigger } from '../semconv/attributes.ts';
import * as semconv from '../semconv/attributes.ts';
import { addSnapshotEvent, snapshotOf } from './snapshot.ts';

/** A change of an agent's graph. */
export interface Evolution {
  readonly agentId: string;
  readonly agentName?: string | undefined;
  /** The fix, in words; at most 8 KiB are sent. */
  readonly resolution: string;
  /** Sent again with the same id it updates the same evolution. @default a random UUID */
  readonly id?: string | undefined;
  /** @default 'failure' */
  readonly trigger?: EvolutionTrigger | undefined;
  /** @default 'applied' */
  readonly status?: EvolutionStatus | undefined;
  /** Kind of the fix, such as `add_node`. */
  readonly strategy?: string | undefined;
  readonly rationale?: string | undefined;
  readonly author?: string | undefined;
  /** Snapshot that was changed. */
  readonly fromRef?: string | undefined;
  /** The new snapshot's address. @default the address of {@link graph}, if that is given */
  readonly toRef?: string | undefined;
  /** The new graph as any JSON; its body is sent along. */
  readonly graph?: unknown;
  readonly targetFingerprints?: readonly string[] | undefined;
  readonly targetFailures?: readonly string[] | undefined;
  /** The failed spans that it is meant to fix, as lower-case hex ids. */
  readonly failedSpans?:
    | readonly { readonly traceId: string; readonly spanId: string }[]
    | undefined;
  /** When it happened. @default now */
  readonly at?: Date | undefined;
}

/**
 * Emits the `evolve_graph` span of an evolution and returns the evolution's id.
 * @param tracer @default the process's private pipeline
 * @throws {TypeError} if `agentId` or `resolution` is missing
 */
export function recordEvolution(evolution: Evolution, tracer: Tracer = defaultTracer()): string {
  requireText('agentId', evolution.agentId);
  requireText('resolution', evolution.resolution);
  const id = evolution.id ?? randomUUID();
  const snapshot = evolution.graph === undefined ? undefined : snapshotOf(evolution.graph);
  const links = (evolution.failedSpans ?? []).map((span) => ({
    context: { ...span, traceFlags: TraceFlags.SAMPLED, isRemote: true },
  }));
  const at = evolution.at ?? new Date();
  const span = tracer.startSpan(
    `${semconv.SPAN_EVOLVE_GRAPH} ${evolution.agentId}`,
    {
      kind: SpanKind.INTERNAL,
      startTime: at,
      links,
      root: true,
      attributes: attributesOf(evolution, id, evolution.toRef ?? snapshot?.ref),
    },
    ROOT_CONTEXT,
  );
  if (snapshot) addSnapshotEvent(span, snapshot);
  span.end(at);
  return id;
}

function attributesOf(evolution: Evolution, id: string, toRef: string | undefined): Attributes {
  const attributes: Attributes = {
    [semconv.ATTR_GEN_AI_AGENT_ID]: evolution.agentId,
    [semconv.ATTR_EVOLUTION_ID]: id,
    [semconv.ATTR_EVOLUTION_TRIGGER]: evolution.trigger ?? 'failure',
    [semconv.ATTR_EVOLUTION_STATUS]: evolution.status ?? 'applied',
    [semconv.ATTR_EVOLUTION_RESOLUTION]: words(evolution.resolution, 'evolution.resolution'),
  };
  const optional: Attributes = {
    [semconv.ATTR_GEN_AI_AGENT_NAME]: evolution.agentName,
    [semconv.ATTR_EVOLUTION_STRATEGY]: evolution.strategy,
    [semconv.ATTR_EVOLUTION_RATIONALE]:
      evolution.rationale && words(evolution.rationale, 'evolution.rationale'),
    [semconv.ATTR_EVOLUTION_AUTHOR]: evolution.author,
    [semconv.ATTR_EVOLUTION_FROM_REF]: evolution.fromRef,
    [semconv.ATTR_GRAPH_SNAPSHOT_REF]: toRef,
    [semconv.ATTR_EVOLUTION_TARGET_FINGERPRINTS]: list(evolution.targetFingerprints),
    [semconv.ATTR_EVOLUTION_TARGET_FAILURES]: list(evolution.targetFailures),
  };
  for (const [name, value] of Object.entries(optional)) {
    if (value !== undefined && value !== '') attributes[name] = value;
  }
  return attributes;
}

function words(text: string, name: 'evolution.resolution' | 'evolution.rationale'): string {
  return cutToBytes(String(redact(text).value), semconv.MAX_BYTES[name]);
}

function list(items: readonly string[] | undefined): string[] | undefined {
  return items && items.length > 0 ? [...items] : undefined;
}

function requireText(name: string, value: unknown): void {
  if (typeof value === 'string' && value !== '') return;
  throw new TypeError(
    `recordEvolution: ${name} must be a text that is not empty, got ${typeof value}`,
  );
}
