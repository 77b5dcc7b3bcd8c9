// The whole answer for one evolution: the groups that it targets or touched, and what else changed.
import { z } from 'zod';
import { storedForm } from '../../base/cursor.ts';
import { NotFoundError } from '../../base/errors.ts';
import { quoteId } from '../../base/quote.ts';
import type { Store } from '../../base/store.ts';
import { type Evolution, evolution } from '../evolutions/schemas.ts';
import { diffBodies } from '../graphs/diff.ts';
import { type GraphSnapshot, graphSnapshot } from '../graphs/schemas.ts';
import { readVerified } from '../verifications/batches.ts';
import { versionsOf } from './counts.ts';
import { judgeEffects } from './effects.ts';
import { type Ledger, onePerGroup, openLedger } from './ledger.ts';
import type { EvolutionEffects } from './schemas.ts';
import { targetsOf } from './targets.ts';
import { isOn, NEVER, type Window, windowOf } from './windows.ts';

const TOUCHED_GROUPS = 20;
const NEW_GROUPS = 50;

const nodeSide = z.object({
  node_id: z.string(),
  is_before: z.coerce.boolean(),
  attempts: z.coerce.number(),
  succeeded: z.coerce.number(),
  median_duration_ns: z.coerce.number(),
});

/** @throws {NotFoundError} for an evolution that is not stored */
export async function effectsOfEvolution(
  store: Store,
  evolutionId: string,
): Promise<EvolutionEffects> {
  const [found] = await store.rows('evolution_by_id', { evolution_id: evolutionId }, evolution);
  if (!found) throw new NotFoundError('evolution_id', evolutionId);
  const agent = found.agent_id;
  const refs = [found.from_ref, found.graph_snapshot_ref];
  const [ledger, [targets], snapshots, verifiedOf] = await Promise.all([
    openLedger(store, agent),
    targetsOf(store, [found]),
    store.rows('snapshots_by_ref', { refs }, graphSnapshot),
    readVerified(store, agent),
  ]);
  const { missing } = targets!;
  const fingerprints = onePerGroup(ledger, targets!.fingerprints);
  const touched = touchedGroups(ledger, found, snapshots, fingerprints);
  const question = (fingerprint: string, targeted: boolean) => ({
    evolution: found,
    fingerprint,
    targeted,
  });
  const window = windowOf(found, ledger.timeline);
  const [items, nodes] = await Promise.all([
    judgeEffects(
      ledger,
      [
        ...fingerprints.map((fingerprint) => question(fingerprint, true)),
        ...touched.map((fingerprint) => question(fingerprint, false)),
      ],
      snapshots,
    ),
    nodesBeforeAndAfter(ledger, window),
  ]);
  return {
    items,
    next_cursor: null,
    side_effects: { new_groups: newGroups(ledger, window), nodes },
    verified: verifiedOf(found),
    notes: [...targetNotes(found, fingerprints, missing), ...window.notes],
  };
}

function targetNotes(
  { target_failures }: Evolution,
  fingerprints: string[],
  missing: string[],
): string[] {
  const named = missing.slice(0, 3).map(quoteId).join(', ');
  return [
    ...(missing.length > 0
      ? [
          `${missing.length} of ${target_failures.length} targeted failures are not stored for the agent: ${named}${missing.length > 3 ? ', …' : ''}.`,
        ]
      : []),
    ...(fingerprints.length === 0 ? ['It targets no group that is known.'] : []),
  ];
}

/** The most frequent groups of the nodes that the evolution added, changed or removed. */
function touchedGroups(
  ledger: Ledger,
  { from_ref, graph_snapshot_ref }: Evolution,
  snapshots: readonly GraphSnapshot[],
  targets: readonly string[],
): string[] {
  const [old, next] = [from_ref, graph_snapshot_ref].map((ref) =>
    snapshots.find((row) => row.ref === ref),
  );
  if (!old || !next) return [];
  const { added, removed, changed } = diffBodies(old.body, next.body).nodes;
  const nodes = new Set([...added, ...removed, ...changed.map(({ id }) => id)]);
  const touched = [...ledger.groups.values()].filter(({ node_id }) => nodes.has(node_id));
  const names = touched.map(({ fingerprint }) => fingerprint);
  return onePerGroup(ledger, [...targets, ...names])
    .slice(targets.length)
    .slice(0, TOUCHED_GROUPS);
}

function newGroups({ groups }: Ledger, { after }: Window) {
  return [...groups.values()]
    .filter(({ first_ref, first_seen }) => isOn(after, first_ref, first_seen))
    .slice(0, NEW_GROUPS)
    .map(({ fingerprint, node_id, error_type, failures, first_seen }) => ({
      fingerprint,
      node_id,
      error_type,
      failures,
      first_seen,
    }));
}

async function nodesBeforeAndAfter({ store, agent }: Ledger, { before, after }: Window) {
  const time = (end: string) =>
    end === '' ? '1970-01-01 00:00:00' : end === NEVER ? '2262-01-01 00:00:00' : storedForm(end);
  const rows = await store.rows(
    'node_sides',
    {
      agent,
      refs: versionsOf([before, after]),
      before_refs: [...(before.refs ?? [])],
      before_except: [...before.except],
      before_since: time(before.since),
      before_until: time(before.until),
      after_refs: [...(after.refs ?? [])],
      after_since: time(after.since),
      after_until: time(after.until),
    },
    nodeSide,
  );
  const health = (row: z.infer<typeof nodeSide> | undefined) =>
    row
      ? {
          attempts: row.attempts,
          succeeded: row.succeeded,
          success_rate: row.succeeded / row.attempts,
          median_duration_ns: row.median_duration_ns,
        }
      : null;
  return [...new Set(rows.map((row) => row.node_id))].map((node_id) => ({
    node_id,
    before: health(rows.find((row) => row.node_id === node_id && row.is_before)),
    after: health(rows.find((row) => row.node_id === node_id && !row.is_before)),
  }));
}
