// What the Queen reads before she evolves an agent.
import { z } from 'zod';
import { storedForm } from '../cursor.ts';
import { judgeEffects } from '../ledger/effects.ts';
import { openLedger } from '../ledger/ledger.ts';
import { targetsOf } from '../ledger/targets.ts';
import { type Brief, brief, type Evolution, evolution, type TriedFix } from '../schemas.ts';
import type { Store } from '../store.ts';
import { byUrgency, groupsFor, isSettled, tellGroups } from './groups.ts';
import { renderBrief } from './markdown.ts';

export interface BriefRequest {
  node?: string | undefined;
  since?: string | undefined;
  max_tokens: number;
}

const beginning = '1970-01-01 00:00:00';
const mostGroups = 20;
const mostEvolutions = 20;
/** Groups of one evolution that are judged here; the evolution's own effects tell all. */
const mostTargets = 5;

const totalsRow = z.object({ failures: z.coerce.number(), evolutions: z.coerce.number() });

/** Reads what is needed and writes the brief: same rows, same text. */
export async function writeBrief(
  store: Store,
  agentId: string,
  { node = '', since, max_tokens }: BriefRequest,
): Promise<Brief> {
  const window = { agent: agentId, since: since ? storedForm(since) : beginning };
  const [[totals], runs, groups, evolutions] = await Promise.all([
    store.rows('totals_of_agent', { ...window, node }, totalsRow),
    store.rows('run_outcomes', window, brief.shape.runs.element),
    groupsFor(store, agentId, { node, since: window.since }),
    store.rows(
      'evolutions',
      {
        ...window,
        before_timestamp: '2262-01-01 00:00:00',
        before_id: '\uffff',
        limit: mostEvolutions,
      },
      evolution,
    ),
  ]);
  const fixes = await withEffects(store, agentId, evolutions);
  const inState = (state: string) => groups.filter((group) => group.state === state).length;
  const open = byUrgency(
    groups.filter((group) => !isSettled(group)),
    fixes,
  );
  const facts = {
    agent_id: agentId,
    since: since ?? null,
    totals: {
      ...totals!,
      groups: groups.length,
      resolved: inState('resolved'),
      ignored: inState('ignored'),
    },
    runs,
    groups: await tellGroups(store, agentId, window.since, open.slice(0, mostGroups)),
    evolutions: fixes,
  };
  return { ...facts, ...(await renderBrief(facts, max_tokens)) };
}

/** Puts beside each evolution what it did to the groups that it targets. */
async function withEffects(
  store: Store,
  agent: string,
  evolutions: Evolution[],
): Promise<TriedFix[]> {
  if (evolutions.length === 0) return [];
  const [ledger, targets] = await Promise.all([
    openLedger(store, agent),
    targetsOf(store, evolutions),
  ]);
  const effects = await judgeEffects(
    ledger,
    evolutions.flatMap((fix, index) =>
      targets[index]!.fingerprints.slice(0, mostTargets).map((fingerprint) => ({
        evolution: fix,
        fingerprint,
        targeted: true,
      })),
    ),
  );
  return evolutions.map((fix) => ({
    ...fix,
    effects: effects.filter((effect) => effect.evolution_id === fix.evolution_id),
  }));
}
