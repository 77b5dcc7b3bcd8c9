// Looks up what only the events of one page need: verdicts, and how often nodes were tried.
import { z } from 'zod';
import { judgeEffects } from '../ledger/effects.ts';
import { type Ledger, onePerGroup } from '../ledger/ledger.ts';
import { targetsOf } from '../ledger/targets.ts';
import type { Effect, Evolution } from '../schemas.ts';
import type { Draft } from './drafts.ts';
import type { TimelineEvent } from './schemas.ts';

const attemptsRow = z.object({
  node_id: z.string(),
  graph_snapshot_ref: z.string(),
  attempts: z.coerce.number(),
});
type Attempts = z.infer<typeof attemptsRow>;

/** In the order of the drafts. */
export async function complete(ledger: Ledger, drafts: Draft[]): Promise<TimelineEvent[]> {
  const [effects, attempts] = await Promise.all([
    effectsOf(
      ledger,
      drafts.flatMap((draft) => (draft.kind === 'evolution' ? [draft.evolution] : [])),
    ),
    attemptsOf(
      ledger,
      drafts.flatMap((draft) => (draft.kind === 'group_vanished' ? [draft] : [])),
    ),
  ]);
  return drafts.map((draft) => {
    if (draft.kind === 'evolution') return evolved(draft.evolution, effects);
    if (draft.kind === 'group_vanished') return vanished(draft, attempts);
    return draft;
  });
}

async function effectsOf(ledger: Ledger, evolutions: Evolution[]): Promise<Effect[]> {
  const targets = await targetsOf(ledger.store, evolutions);
  const questions = evolutions.flatMap((evolution, index) =>
    onePerGroup(ledger, targets[index]!.fingerprints).map((fingerprint) => ({
      evolution,
      fingerprint,
      targeted: true,
    })),
  );
  return judgeEffects(ledger, questions);
}

type Vanished = Extract<Draft, { kind: 'group_vanished' }>;

async function attemptsOf({ store, agent }: Ledger, drafts: Vanished[]): Promise<Attempts[]> {
  if (drafts.length === 0) return [];
  const nodes = [...new Set(drafts.map(({ group }) => group.node_id))];
  const refs = [...new Set(drafts.flatMap(({ later }) => later.map(({ ref }) => ref)))];
  return store.rows('attempts_of_nodes', { agent, nodes, refs }, attemptsRow);
}

function evolved(evolution: Evolution, effects: Effect[]): TimelineEvent {
  const { timestamp, evolution_id, status, trigger, resolution, author, ...rest } = evolution;
  const { strategy, rationale, from_ref, graph_snapshot_ref } = rest;
  const verdicts = effects
    .filter((effect) => effect.evolution_id === evolution_id)
    .map(({ fingerprint, verdict, rate_ratio, interval }) => ({
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
