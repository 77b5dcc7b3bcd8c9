// Graph snapshots: canonical JSON addressed by its hash, and the rule when a body is sent again.
import { createHash } from 'node:crypto';
import type { Span, Tracer } from '@opentelemetry/api';
import { canonicalJson, type Json, toPlain } from '../redaction/plain.ts';
import {
  ATTR_GRAPH_SNAPSHOT_BODY,
  ATTR_GRAPH_SNAPSHOT_REF,
  EVENT_GRAPH_SNAPSHOT,
  MAX_BYTES,
} from '../semconv/attributes.ts';
import { sayOnce } from './guard.ts';

/** A version of a graph: its canonical JSON and the content address of that JSON. */
export interface Snapshot {
  /** `sha256:` and 64 hex digits over {@link body} as UTF-8. */
  readonly ref: string;
  readonly body: string;
}

const known = new WeakMap<object, Snapshot>();

/**
 * The snapshot of a graph given as any JSON-like value. An object is hashed once and remembered:
 * a changed graph must be a new object. Never throws; what is not JSON is made plain first.
 */
export function snapshotOf(graph: unknown): Snapshot {
  const key = typeof graph === 'object' && graph !== null ? graph : undefined;
  const remembered = key && known.get(key);
  if (remembered) return remembered;
  const body = canonicalJson(toPlain(graph) as Json);
  const ref = `sha256:${createHash('sha256').update(body, 'utf8').digest('hex')}`;
  const snapshot = { ref, body };
  if (key) known.set(key, snapshot);
  return snapshot;
}

/** How long a sent body counts as known to the collector, in milliseconds. */
export const RESEND_AFTER_MS = 10 * 60 * 1000;

/**
 * Sends the body of a snapshot with the first span that uses its ref and again every ten minutes of
 * use, for each tracer, so that one lost batch loses no graph.
 */
export class SnapshotAnnouncer {
  readonly #clock: () => number;
  readonly #sent = new WeakMap<Tracer, Map<string, number>>();

  /** @param clock milliseconds that never run backwards. @default performance.now */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  /** Adds the `graph.snapshot` event to `span` if it is due. */
  announce(tracer: Tracer, span: Span, snapshot: Snapshot): void {
    const times = this.#sent.get(tracer) ?? new Map<string, number>();
    this.#sent.set(tracer, times);
    const now = this.#clock();
    const last = times.get(snapshot.ref);
    if (last !== undefined && now - last < RESEND_AFTER_MS) return;
    times.set(snapshot.ref, now);
    addSnapshotEvent(span, snapshot);
  }
}

/** Adds the `graph.snapshot` event; a body over 256 KiB is left out with one warning. */
export function addSnapshotEvent(span: Span, snapshot: Snapshot): void {
  const bytes = Buffer.byteLength(snapshot.body, 'utf8');
  const limit = MAX_BYTES['graph.snapshot.body'];
  if (bytes > limit) {
    sayOnce(
      `snapshot ${snapshot.ref}`,
      `the graph ${snapshot.ref} takes ${bytes} bytes as JSON; at most ${limit} are sent, so its failures carry only this address`,
    );
    return;
  }
  span.addEvent(EVENT_GRAPH_SNAPSHOT, {
    [ATTR_GRAPH_SNAPSHOT_REF]: snapshot.ref,
    [ATTR_GRAPH_SNAPSHOT_BODY]: snapshot.body,
  });
}
