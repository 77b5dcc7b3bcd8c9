// What was found when the changes of an agent were verified before they shipped.
import { z } from 'zod';
import type { Store } from '../../base/store.ts';
import type { Evolution } from '../evolutions/schemas.ts';
import { type VerifiedCounts, verifiedCounts } from './schemas.ts';

const row = verifiedCounts.extend({ evolution_id: z.string(), graph_snapshot_ref: z.string() });

/** Gives what the last verification of an evolution, or of the version that it made, came to. */
export async function readVerified(
  store: Store,
  agent: string,
): Promise<(evolution: Evolution) => VerifiedCounts | null> {
  const batches = await store.rows('verification_batches', { agent }, row);
  return ({ evolution_id: id, graph_snapshot_ref: ref }) => {
    const isOf = (batch: z.infer<typeof row>) =>
      batch.evolution_id === id ||
      (batch.evolution_id === '' && ref !== '' && batch.graph_snapshot_ref === ref);
    const found = batches.find(isOf);
    return found ? verifiedCounts.parse(found) : null;
  };
}
