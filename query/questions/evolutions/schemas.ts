// Changes of an agent's graph.
import { z } from 'zod';
import {
  EVOLUTION_STATUS_VALUES,
  EVOLUTION_TRIGGER_VALUES,
} from '../../../instrumentation/semconv/index.ts';
import { failureId, fingerprint, instant, snapshotRef } from '../../base/fields.ts';

export const evolution = z.object({
  timestamp: instant,
  evolution_id: z.string(),
  agent_id: z.string(),
  agent_name: z.string(),
  trigger: z.string(),
  resolution: z.string(),
  strategy: z.string(),
  rationale: z.string(),
  status: z.string(),
  author: z.string(),
  from_ref: z.string(),
  graph_snapshot_ref: z.string(),
  target_fingerprints: z.array(z.string()),
  target_failures: z.array(z.string()),
  trace_id: z.string(),
  span_id: z.string(),
  service_name: z.string(),
  environment: z.string(),
  received_at: instant,
});
/** A change of a graph that was recorded. Times are ISO 8601 in UTC. */
export type Evolution = z.infer<typeof evolution>;

/** A change of an agent's graph to record. */
export const evolutionInput = z.strictObject({
  agent_id: z.string().min(1),
  agent_name: z.string().optional(),
  evolution_id: z.string().min(1).max(128).optional(),
  resolution: z.string().min(1).max(8192),
  status: z.enum(EVOLUTION_STATUS_VALUES).default('applied'),
  trigger: z.enum(EVOLUTION_TRIGGER_VALUES).default('failure'),
  strategy: z.string().max(256).optional(),
  rationale: z.string().max(8192).optional(),
  author: z.string().max(256).default('queen'),
  /** Snapshot that was changed; default: that of the newest targeted failure. */
  from_ref: snapshotRef.optional(),
  /** The new snapshot, by address or whole; not both. */
  graph_snapshot_ref: snapshotRef.optional(),
  graph: z.json().optional(),
  target_fingerprints: z.array(fingerprint).max(100).default([]),
  target_failures: z.array(failureId).max(100).default([]),
});
/** A change of a graph to record. */
export type EvolutionInput = z.input<typeof evolutionInput>;
