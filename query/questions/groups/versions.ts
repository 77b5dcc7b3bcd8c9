// The versions of the graph that a group failed on.
import type { FailedVersion } from './lifecycle.ts';
import type { Counts } from './rows.ts';

/**
 * Each version once, known since its announcement or the group's first failure on it, whichever came first.
 * @param seen failures after what solved the group
 * @param announced when each version was announced
 */
export function versionsOf(
  counts: readonly Counts[],
  seen: readonly { graph_snapshot_ref: string; timestamp: string }[],
  announced: ReadonlyMap<string, string>,
): FailedVersion[] {
  const versions = new Map<string, FailedVersion>();
  for (const { graph_snapshot_ref, first_seen } of counts) {
    const known = versions.get(graph_snapshot_ref)?.known_since;
    const announcedAt = announced.get(graph_snapshot_ref);
    const times = [first_seen, announcedAt, known].filter((time) => time !== undefined);
    versions.set(graph_snapshot_ref, {
      graph_snapshot_ref,
      known_since: times.sort()[0]!,
      seen_after: null,
    });
  }
  for (const { graph_snapshot_ref, timestamp } of seen) {
    const version = versions.get(graph_snapshot_ref);
    if (!version) continue;
    if (version.seen_after === null || timestamp < version.seen_after) {
      version.seen_after = timestamp;
    }
  }
  return [...versions.values()];
}
