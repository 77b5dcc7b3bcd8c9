import { randomUUID } from 'node:crypto';
import { type Attributes, ROOT_CONTEXT, SpanKind, type Tracer } from '@opentelemetry/api';
import { defaultTracer } from '../delivery/default.ts';
import { redact } from '../redaction/index.ts';
import { cutToBytes } from '../redaction/plain.ts';
import type { GroupEventKind } from '../semconv/attributes.ts';
import * as semconv from '../semconv/attributes.ts';

/** Something that is said about a group of failures. */
export interface GroupEvent {
  readonly agentId: string;
  readonly kind: GroupEventKind;
  /** Fingerprint of the group, as in `v1:0f34…`. */
  readonly fingerprint: string;
  /** The group that it is merged into; only for `merge`. */
  readonly otherFingerprint?: string | undefined;
  /** The class of an annotation (`''` takes one back), the text of a note; at most 4 KiB are sent. */
  readonly value?: string | undefined;
  /** Why, in words; at most 4 KiB are sent. */
  readonly reason?: string | undefined;
  readonly author?: string | undefined;
  /** The evolution that was the fix; only for `resolve`. */
  readonly evolutionId?: string | undefined;
  /** A UUID. Sent again with the same id it changes nothing. @default a random one */
  readonly id?: string | undefined;
  /** When it happened. @default now */
  readonly at?: Date | undefined;
}

/**
 * Emits the `change_group` span of an event and returns the event's id. Whether the group is known is
 * checked by the query service, not here.
 * @param tracer @default the process's private pipeline
 * @throws {TypeError} if `agentId` or `fingerprint` is missing
 */
export function recordGroupEvent(event: GroupEvent, tracer: Tracer = defaultTracer()): string {
  for (const name of ['agentId', 'fingerprint'] as const) {
    if (typeof event[name] === 'string' && event[name] !== '') continue;
    throw new TypeError(`recordGroupEvent: ${name} must be a text that is not empty`);
  }
  const id = event.id ?? randomUUID();
  const at = event.at ?? new Date();
  const span = tracer.startSpan(
    `${semconv.SPAN_CHANGE_GROUP} ${event.agentId}`,
    { kind: SpanKind.INTERNAL, startTime: at, root: true, attributes: attributesOf(event, id) },
    ROOT_CONTEXT,
  );
  span.end(at);
  return id;
}

function attributesOf(event: GroupEvent, id: string): Attributes {
  const attributes: Attributes = {
    [semconv.ATTR_GEN_AI_AGENT_ID]: event.agentId,
    [semconv.ATTR_GROUP_EVENT_ID]: id,
    [semconv.ATTR_GROUP_EVENT_KIND]: event.kind,
    [semconv.ATTR_GROUP_EVENT_FINGERPRINT]: event.fingerprint,
  };
  const optional: Attributes = {
    [semconv.ATTR_GROUP_EVENT_OTHER_FINGERPRINT]: event.otherFingerprint,
    [semconv.ATTR_GROUP_EVENT_VALUE]: words(event.value, 'group.event.value'),
    [semconv.ATTR_GROUP_EVENT_REASON]: words(event.reason, 'group.event.reason'),
    [semconv.ATTR_GROUP_EVENT_AUTHOR]: event.author,
    [semconv.ATTR_EVOLUTION_ID]: event.evolutionId,
  };
  for (const [name, value] of Object.entries(optional)) {
    if (value !== undefined && value !== '') attributes[name] = value;
  }
  return attributes;
}

function words(
  text: string | undefined,
  name: 'group.event.value' | 'group.event.reason',
): string | undefined {
  return text && cutToBytes(String(redact(text).value), semconv.MAX_BYTES[name]);
}
