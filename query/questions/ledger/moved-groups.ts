// Groups that are another one in a new place: fixes rename nodes and put new ones before them.
import { z } from 'zod';
import type { KnownGroup, Ledger, Question } from './ledger.ts';
import type { VersionNodes } from './versions.ts';
import { isOn, type Window } from './windows.ts';

/**
 * For each question the groups that the asked one moved to: the same error with the same words, first
 * seen after, from a node that the old version did not have.
 */
export async function movedGroups(
  { store, agent, groups, mapping }: Ledger,
  questions: Question[],
  windows: Window[],
  snapshots: ReadonlyMap<string, VersionNodes>,
): Promise<KnownGroup[][]> {
  const candidates = questions.map(({ evolution, fingerprint }, index) => {
    const group = groups.get(fingerprint);
    if (!group) return [];
    const old = snapshots.get(evolution.from_ref)?.nodes ?? [];
    return [...groups.values()].filter(
      (other) =>
        other.node_id !== group.node_id &&
        other.node_id !== '' &&
        other.level === group.level &&
        other.error_type === group.error_type &&
        !old.includes(other.node_id) &&
        !evolution.target_fingerprints.includes(other.fingerprint) &&
        mapping.groupOf(other.fingerprint) !== mapping.groupOf(fingerprint) &&
        isOn(windows[index]!.after, other.first_ref, other.first_seen),
    );
  });
  const named = questions.flatMap(({ fingerprint }, index) => {
    const others = candidates[index]!.map((group) => group.fingerprint);
    return others.length > 0 ? [fingerprint, ...others] : [];
  });
  if (named.length === 0) return candidates;
  const rows = await store.rows(
    'group_templates',
    { agent, fingerprints: [...new Set(named)] },
    z.object({ fingerprint: z.string(), template: z.string() }),
  );
  const templates = new Map(rows.map((row) => [row.fingerprint, row.template]));
  return questions.map(({ fingerprint }, index) =>
    candidates[index]!.filter(
      (other) => templates.get(other.fingerprint) === templates.get(fingerprint),
    ),
  );
}
