// The difference between two stored snapshots, with what fails on each.
import { z } from 'zod';
import { NotFoundError } from '../../base/errors.ts';
import type { Store } from '../../base/store.ts';
import { diffBodies } from './diff.ts';
import { type GraphDiff, graphSnapshot } from './schemas.ts';
import { describeDiff } from './text.ts';

const count = z.coerce.number();
const versionGroup = z.object({
  agent_id: z.string(),
  fingerprint: z.string(),
  node_id: z.string(),
  error_type: z.string(),
  class: z.string(),
  failures_from: count,
  failures_to: count,
});
const nodeAttempts = z.object({ agent_id: z.string(), node_id: z.string(), attempts: count });

/** @throws {NotFoundError} for a version that is not stored, as `from` or `to` */
export async function diffVersions(store: Store, from: string, to: string): Promise<GraphDiff> {
  const [old, next] = await Promise.all([
    snapshotAt(store, 'from', from),
    snapshotAt(store, 'to', to),
  ]);
  const agents = [...new Set([old.agent_id, next.agent_id])];
  const [groups, attempts] = await Promise.all([
    store.rows('groups_of_versions', { agents, from, to }, versionGroup),
    store.rows('attempts_of_version', { agents, ref: to }, nodeAttempts),
  ]);
  const counted = groups.map((group) => ({
    ...group,
    attempts_to:
      attempts.find((row) => row.agent_id === group.agent_id && row.node_id === group.node_id)
        ?.attempts ?? 0,
  }));
  const facts = {
    from,
    to,
    ...diffBodies(old.body, next.body),
    groups: {
      new: counted.filter((group) => group.failures_from === 0),
      gone: counted.filter((group) => group.failures_to === 0),
      unchanged: counted.filter((group) => group.failures_from > 0 && group.failures_to > 0),
    },
  };
  return { ...facts, text: describeDiff(facts) };
}

async function snapshotAt(store: Store, field: string, ref: string) {
  const [found] = await store.rows('snapshot_by_ref', { ref }, graphSnapshot);
  if (!found) throw new NotFoundError(field, ref);
  return found;
}
