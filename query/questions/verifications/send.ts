// Records verifications: as spans to the collector, on the same way as everything else.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { recordVerification } from '../../../instrumentation/index.ts';
import { emitSpans, readBack } from '../../base/emit.ts';
import { InvalidInputError, NotFoundError } from '../../base/errors.ts';
import type { OtlpOptions } from '../../base/question.ts';
import type { Store } from '../../base/store.ts';
import { evolution } from '../evolutions/schemas.ts';
import { type Verification, verificationRow, type verificationsInput } from './schemas.ts';
import { withInterval } from './with-interval.ts';

type CheckedInput = z.output<typeof verificationsInput>;

/** Checks what the results name, emits them and resolves when all can be read back. */
export async function sendVerifications(
  store: Store,
  otlp: OtlpOptions,
  input: CheckedInput,
): Promise<{ batch_id: string; items: Verification[] }> {
  const ref = await refOfEvolution(store, input);
  await checkFingerprints(store, input);
  const batch_id = input.batch_id?.toLowerCase() ?? randomUUID();
  const ids = input.items.map((item) => item.verification_id?.toLowerCase() ?? randomUUID());
  await emit(otlp, input, batch_id, ids, ref);
  const items = await readBack(`the ${ids.length} verifications`, () => storedItems(store, ids));
  return { batch_id, items };
}

/** The version that the evolution made; undefined without one. */
async function refOfEvolution(
  store: Store,
  { agent_id, evolution_id }: CheckedInput,
): Promise<string | undefined> {
  if (evolution_id === undefined) return undefined;
  const [found] = await store.rows('evolution_by_id', { evolution_id }, evolution);
  if (!found) throw new NotFoundError('evolution_id', evolution_id);
  if (found.agent_id !== agent_id) {
    throw new InvalidInputError(
      'evolution_id',
      `is an evolution of agent ${JSON.stringify(found.agent_id)}`,
    );
  }
  return found.graph_snapshot_ref;
}

async function checkFingerprints(store: Store, { agent_id, items }: CheckedInput): Promise<void> {
  const named = [...new Set(items.flatMap(({ fingerprint }) => fingerprint ?? []))];
  if (named.length === 0) return;
  const found = await store.rows(
    'known_fingerprints',
    { agent: agent_id, fingerprints: named },
    z.object({ fingerprint: z.string() }),
  );
  const known = new Set(found.map((row) => row.fingerprint));
  const unknown = named.find((fingerprint) => !known.has(fingerprint));
  if (unknown) throw new NotFoundError('items.fingerprint', unknown);
}

async function emit(
  otlp: OtlpOptions,
  { agent_id, evolution_id, items }: CheckedInput,
  batchId: string,
  ids: readonly string[],
  ref: string | undefined,
): Promise<void> {
  await emitSpans(otlp, 'the verifications', (tracer) => {
    for (const [at, item] of items.entries()) {
      recordVerification(
        {
          id: ids[at],
          agentId: agent_id,
          batchId,
          kind: item.kind,
          result: item.result,
          basis: item.basis,
          runs: item.runs,
          failedRuns: item.failed_runs,
          fingerprint: item.fingerprint,
          nodeId: item.node_id,
          inputDigest: item.input_digest,
          failureId: item.failure_id,
          evolutionId: evolution_id,
          ref: item.graph_snapshot_ref ?? ref,
          reason: item.reason,
          errorType: item.error_type,
          errorMessage: item.error_message,
          errorFingerprint: item.error_fingerprint,
        },
        tracer,
      );
    }
  });
}

/** The verifications in the order of `ids`; undefined as long as one is missing. */
async function storedItems(
  store: Store,
  ids: readonly string[],
): Promise<Verification[] | undefined> {
  const rows = await store.rows('verifications_by_id', { ids }, verificationRow);
  const found = new Map(rows.map((row) => [row.verification_id, withInterval(row)]));
  const items = ids.flatMap((id) => found.get(id) ?? []);
  return items.length === ids.length ? items : undefined;
}
