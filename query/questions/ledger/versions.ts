// Which nodes the graph versions of evolutions have.
import { z } from 'zod';
import type { Ledger, Question } from './ledger.ts';

const versionNodes = z.object({ ref: z.string(), nodes: z.array(z.string()) });
/** The nodes of one version of a graph. */
export type VersionNodes = z.infer<typeof versionNodes>;

/** Of the versions before and after each evolution, as far as their graphs are known. */
export function nodesOfVersions(
  { store }: Ledger,
  questions: readonly Question[],
): Promise<VersionNodes[]> {
  const refs = questions.flatMap(({ evolution }) => [
    evolution.from_ref,
    evolution.graph_snapshot_ref,
  ]);
  return store.rows('version_nodes', { refs: [...new Set(refs)] }, versionNodes);
}
