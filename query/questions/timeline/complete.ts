// Looks up what only the events of one page need: verdicts, and how often nodes were tried.
import { z } from 'zod';
import type { Ledger } from '../ledger/ledger.ts';
import type { TriedFix } from '../ledger/schemas.ts';
import { judgeTargets } from '../ledger/tried-fixes.ts';
import type { Draft } from './drafts.ts';
import type { TimelineEvent } from './question.ts';

const attemptsRow = z.object({
  node_id: z.string(),
  graph_snapshot_ref: z.string(),
  attempts: z.coerce.number(),
});
type Attempts = z.infer<typeof attemptsRow>;

/** In the order of the drafts. */
export async function complete(ledger: Ledger, drafts: Draft[]): Promise<TimelineEvent[]> {
  const [fixes, attempts] = await Promise.all([
    judgeTargets(
      ledger,
      drafts.flatMap((draft) => (draft.kind === 'evolution' ? [draft.evolution] : [])),
    ),
    attemptsOf(
      ledger,
      drafts.flatMap((draft) => (draft.kind === 'group_vanished' ? [draft] : [])),
    ),
  ]);
  const tried = new Map(fixes.map((fix) => [fix.evolution_id, fix]));
  return drafts.map((draft) => {
    if (draft.kind === 'evolution') return evolved(tried.get(draft.evolution.evolution_id)!);
    if (draft.kind === 'group_vanished') return vanished(draft, attempts);
    return draft;
  });
}

type Vanished = Extract<Draft, { kind: 'group_vanished' }>;

async function attemptsOf({ store, agent }: Ledger, drafts: Vanished[]): Promise<Attempts[]> {
  if (drafts.length === 0) return [];
  const nodes = [...new Set(drafts.map(({ group }) => group.node_id))];
  const refs = [...new Set(drafts.flatMap(({ later }) => later.map(({ ref }) => ref)))];
  return store.rows('attempts_of_nodes', { agent, nodes, refs }, attemptsRow);
}

function evolved(fix: TriedFix): TimelineEvent {
  const { timestamp, evolution_id, status, trigger, resolution, author, ...rest } = fix;
  const { strategy, rationale, from_ref, graph_snapshot_ref, effects } = rest;
  const verdicts = effects.map(({ fingerprint, verdict, rate_ratio, interval }) => ({
    fingerprint,
    verdict,
    rate_ratio,
    interval,
  }));
  return {
    kind: 'evolution',
    timestamp,
    evolution_id,
    status,
    trigger,
    resolution,
    strategy,
    rationale,
    author,
    from_ref,
    graph_snapshot_ref,
    verdicts,
  };
}

function vanished({ timestamp, group, later }: Vanished, attempts: Attempts[]): TimelineEvent {
  const refs = new Set(later.map(({ ref }) => ref));
  const { fingerprint, node_id, error_type, failures, last_seen } = group;
  return {
    kind: 'group_vanished',
    timestamp,
    fingerprint,
    node_id,
    error_type,
    failures,
    last_seen,
    graph_snapshot_ref: later[0]!.ref,
    attempts_since: attempts
      .filter((row) => row.node_id === node_id && refs.has(row.graph_snapshot_ref))
      .reduce((sum, row) => sum + row.attempts, 0),
  };
}
