// The groups that an evolution is meant to fix: those it names, and those of the failures it names.
import { z } from 'zod';
import type { Store } from '../../base/store.ts';
import type { Evolution } from '../evolutions/schemas.ts';

const targetedFailure = z.object({
  failure_id: z.string(),
  agent_id: z.string(),
  fingerprint: z.string(),
});

export interface Targets {
  fingerprints: string[];
  /** Failures that it names and that are not stored for its agent. */
  missing: string[];
}

/** In the order of the evolutions. */
export async function targetsOf(
  store: Store,
  evolutions: readonly Pick<Evolution, 'agent_id' | 'target_fingerprints' | 'target_failures'>[],
): Promise<Targets[]> {
  const ids = [...new Set(evolutions.flatMap((evolution) => evolution.target_failures))];
  const found =
    ids.length > 0 ? await store.rows('failures_by_id', { failure_ids: ids }, targetedFailure) : [];
  const known = new Map(found.map((failure) => [failure.failure_id, failure]));
  return evolutions.map(({ agent_id, target_fingerprints, target_failures }) => {
    const own = target_failures.map((id) => {
      const failure = known.get(id);
      return failure?.agent_id === agent_id ? failure : undefined;
    });
    const named = own.flatMap((failure) => failure?.fingerprint ?? []);
    return {
      fingerprints: [...new Set([...target_fingerprints, ...named])],
      missing: target_failures.filter((_id, index) => !own[index]),
    };
  });
}
