// Whose a fingerprint is.
import { z } from 'zod';
import type { Store } from '../../base/store.ts';

/** The agent that a fingerprint belongs to, which is part of it; undefined when it is not known. */
export async function agentOf(store: Store, fingerprint: string): Promise<string | undefined> {
  const row = z.object({ agent_id: z.string() });
  const [found] = await store.rows('agent_of_fingerprint', { fingerprint }, row);
  return found?.agent_id;
}
