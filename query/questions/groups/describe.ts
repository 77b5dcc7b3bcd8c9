// Groups as answers show them, with the details that are read only for those that are shown.
import { z } from 'zod';
import { storedForm } from '../../base/cursor.ts';
import { quoteId } from '../../base/quote.ts';
import type { Store } from '../../base/store.ts';
import type { GroupFacts } from './facts.ts';
import type { Counts } from './rows.ts';
import type { Group } from './schemas.ts';

const lastRow = z.object({
  fingerprint: z.string(),
  failure_id: z.string(),
  template: z.string(),
  class: z.string(),
  timestamp: z.string(),
});
/** The last failure of a fingerprint. */
export type LastFailure = z.infer<typeof lastRow>;

const reachRow = z.object({
  group: z.string(),
  runs: z.coerce.number(),
  inputs: z.coerce.number(),
});

/**
 * The groups, in the same order.
 *
 * @param latest the last failure of each of their fingerprints, where that is read already
 */
export async function toGroups(
  store: Store,
  groups: readonly GroupFacts[],
  latest = lastFailures(store, groups),
): Promise<Group[]> {
  if (groups.length === 0) return [];
  const agents = [...new Set(groups.map(({ agent_id }) => agent_id))];
  const members = groups.flatMap(({ fingerprint: group, fingerprints }) =>
    fingerprints.map((fingerprint) => ({ fingerprint, group })),
  );
  const [last, reach] = await Promise.all([
    latest,
    store.rows(
      'group_reach',
      {
        agents,
        fingerprints: members.map(({ fingerprint }) => fingerprint),
        groups: members.map(({ group }) => group),
      },
      reachRow,
    ),
  ]);
  const reaches = new Map(reach.map((row) => [row.group, row]));
  return groups.map((facts) => groupOf(facts, last, reaches.get(facts.fingerprint)));
}

/** The last failure of each fingerprint of some groups, by fingerprint. */
export async function lastFailures(
  store: Store,
  groups: readonly GroupFacts[],
): Promise<Map<string, LastFailure>> {
  if (groups.length === 0) return new Map();
  const latest = groups.flatMap(({ counts }) => [...latestBy(counts).values()]);
  const rows = await store.rows(
    'group_last',
    {
      agents: [...new Set(latest.map(({ agent_id }) => agent_id))],
      fingerprints: latest.map(({ fingerprint }) => fingerprint),
      times: latest.map(({ last_seen }) => storedForm(last_seen)),
    },
    lastRow,
  );
  return new Map(rows.map((row) => [row.fingerprint, row]));
}

/** Of each fingerprint the version that it failed on last; `counts` has those first. */
function latestBy(counts: readonly Counts[]): Map<string, Counts> {
  const latest = new Map<string, Counts>();
  for (const row of counts) if (!latest.has(row.fingerprint)) latest.set(row.fingerprint, row);
  return latest;
}

function groupOf(
  facts: GroupFacts,
  last: ReadonlyMap<string, LastFailure>,
  reach: z.infer<typeof reachRow> | undefined,
): Group {
  const { counts, annotation, evolutions } = facts;
  const [newest] = counts;
  const failure = last.get(newest!.fingerprint);
  const [evolution] = evolutions;
  const ownClass = failure?.class ?? newest!.class;
  const failure_classes = [...new Set(counts.flatMap((row) => row.classes))].sort();
  return {
    fingerprint: facts.fingerprint,
    fingerprints: facts.fingerprints,
    agent_id: facts.agent_id,
    state: facts.state,
    since: facts.since,
    why: facts.why,
    class: annotation?.value ?? ownClass,
    annotation: annotation
      ? {
          class: annotation.value,
          author: annotation.author,
          reason: annotation.reason,
          timestamp: annotation.timestamp,
        }
      : null,
    failure_classes,
    contradiction: contradictionIn(failure_classes, annotation?.value),
    level: newest!.level,
    node_id: newest!.node_id,
    node_ids: [...new Set(counts.map((row) => row.node_id))],
    error_type: newest!.error_type,
    template: failure?.template ?? '',
    failures: counts.reduce((sum, row) => sum + row.failures, 0),
    runs: reach?.runs ?? 0,
    inputs: reach?.inputs ?? 0,
    first_seen: facts.first_seen,
    last_seen: facts.last_seen,
    last_failure_id: failure?.failure_id ?? '',
    graph_snapshot_refs: [...new Set(counts.map((row) => row.graph_snapshot_ref))].filter(Boolean),
    last_evolution: evolution
      ? {
          evolution_id: evolution.evolution_id,
          timestamp: evolution.timestamp,
          status: evolution.status,
          resolution: evolution.resolution,
        }
      : null,
  };
}

/** Classes are quoted: an executor may give any text for one. */
export function contradictionIn(
  classes: readonly string[],
  annotated: string | undefined,
): string | null {
  const stored = classes.filter((one) => one !== 'unclassified' && one !== '');
  const names = stored.slice(0, 5).map(quoteId).join(', ');
  if (annotated !== undefined) {
    const others = stored.filter((one) => one !== annotated);
    return others.length > 0
      ? `Annotated as ${quoteId(annotated)}, while its failures have ${names}.`
      : null;
  }
  return stored.length > 1 ? `Its failures have different classes: ${names}.` : null;
}
