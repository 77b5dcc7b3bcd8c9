// Records an evolution: as a span to the collector, on the same way as everything else.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { recordEvolution as emitEvolution, snapshotOf } from '../../../instrumentation/index.ts';
import { emitSpans, readBack } from '../../base/emit.ts';
import { InvalidInputError, NotFoundError } from '../../base/errors.ts';
import type { OtlpOptions } from '../../base/question.ts';
import type { Store } from '../../base/store.ts';
import { type Evolution, evolution, type evolutionInput } from './schemas.ts';

type CheckedInput = z.output<typeof evolutionInput>;

const targetedFailure = z.object({
  failure_id: z.string(),
  agent_id: z.string(),
  fingerprint: z.string(),
  graph_snapshot_ref: z.string(),
  trace_id: z.string(),
  span_id: z.string(),
});
type TargetedFailure = z.infer<typeof targetedFailure>;

/**
 * Checks that what the evolution targets exists, emits it and resolves when it can be read back. The
 * fingerprints of targeted failures become targets too, and the snapshot of the newest one is what
 * was changed, unless the input says otherwise.
 *
 * @throws {InvalidInputError} for a target that is not this agent's
 * @throws {NotFoundError} for a target that is not stored
 * @throws {UnavailableError} when the collector does not take it
 */
export async function sendEvolution(
  store: Store,
  otlp: OtlpOptions,
  checked: CheckedInput,
): Promise<Evolution> {
  if (checked.graph !== undefined && checked.graph_snapshot_ref !== undefined) {
    const { ref } = snapshotOf(checked.graph);
    if (ref !== checked.graph_snapshot_ref) {
      throw new InvalidInputError('graph_snapshot_ref', `the given graph has the address ${ref}`);
    }
  }
  const failures = await targetedFailures(store, checked);
  await checkFingerprints(store, checked);
  const id = checked.evolution_id ?? randomUUID();
  const at = new Date();
  await emit(otlp, checked, failures, id, at);
  return readBack(`evolution ${id}`, async () => {
    const [row] = await store.rows('evolution_by_id', { evolution_id: id }, evolution);
    return row && Date.parse(row.timestamp) >= at.getTime() ? row : undefined;
  });
}

async function targetedFailures(
  store: Store,
  { agent_id, target_failures }: CheckedInput,
): Promise<TargetedFailure[]> {
  if (target_failures.length === 0) return [];
  const found = await store.rows(
    'failures_by_id',
    { failure_ids: target_failures },
    targetedFailure,
  );
  const known = new Map(found.map((failure) => [failure.failure_id, failure]));
  for (const id of target_failures) {
    const failure = known.get(id.toLowerCase());
    if (!failure) throw new NotFoundError('target_failures', id);
    if (failure.agent_id !== agent_id) {
      throw new InvalidInputError('target_failures', `${id} is a failure of ${failure.agent_id}`);
    }
  }
  return found;
}

async function checkFingerprints(
  store: Store,
  { agent_id, target_fingerprints }: CheckedInput,
): Promise<void> {
  if (target_fingerprints.length === 0) return;
  const found = await store.rows(
    'known_fingerprints',
    { agent: agent_id, fingerprints: target_fingerprints },
    z.object({ fingerprint: z.string() }),
  );
  const known = new Set(found.map((row) => row.fingerprint));
  const unknown = target_fingerprints.find((fingerprint) => !known.has(fingerprint));
  if (unknown) throw new NotFoundError('target_fingerprints', unknown);
}

async function emit(
  otlp: OtlpOptions,
  input: CheckedInput,
  failures: TargetedFailure[],
  id: string,
  at: Date,
): Promise<void> {
  const fingerprints = [...input.target_fingerprints, ...failures.map((row) => row.fingerprint)];
  await emitSpans(otlp, 'the evolution', (tracer) =>
    emitEvolution(
      {
        id,
        at,
        agentId: input.agent_id,
        agentName: input.agent_name,
        resolution: input.resolution,
        status: input.status,
        trigger: input.trigger,
        strategy: input.strategy,
        rationale: input.rationale,
        author: input.author,
        fromRef: input.from_ref ?? failures[0]?.graph_snapshot_ref,
        toRef: input.graph_snapshot_ref,
        graph: input.graph,
        targetFingerprints: [...new Set(fingerprints)],
        targetFailures: failures.map((failure) => failure.failure_id),
        failedSpans: failures.map(({ trace_id, span_id }) => ({
          traceId: trace_id,
          spanId: span_id,
        })),
      },
      tracer,
    ),
  );
}
