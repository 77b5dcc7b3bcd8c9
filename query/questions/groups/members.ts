// The fingerprints that are one group with a fingerprint.
import type { Store } from '../../base/store.ts';
import { GroupMapping } from './mapping.ts';
import { readEvents } from './rows.ts';

/** The group's fingerprints, its id first: the fingerprint alone when nobody merged it. */
export async function membersOf(
  store: Store,
  agent: string,
  fingerprint: string,
): Promise<string[]> {
  const mapping = new GroupMapping(await readEvents(store, agent, false));
  return mapping.membersOf(mapping.groupOf(fingerprint));
}
