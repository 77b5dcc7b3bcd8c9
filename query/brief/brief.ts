// What the Queen reads before she evolves an agent.
import { z } from 'zod';
import { storedForm } from '../cursor.ts';
import {
  type Brief,
  type BriefGroup,
  brief,
  briefGroup,
  type Evolution,
  evolution,
  type TriedFix,
} from '../schemas.ts';
import type { Store } from '../store.ts';
import { renderBrief } from './markdown.ts';

export interface BriefRequest {
  node?: string | undefined;
  since?: string | undefined;
  max_tokens: number;
}

const beginning = '1970-01-01 00:00:00';
const mostGroups = 20;
const mostEvolutions = 20;

const nodeExposure = z.object({
  node_id: z.string(),
  graph_snapshot_ref: z.string(),
  attempts: z.coerce.number(),
  failed: z.coerce.number(),
});
const groupOccurrence = z.object({
  fingerprint: z.string(),
  node_id: z.string(),
  graph_snapshot_ref: z.string(),
  failures: z.coerce.number(),
});

/** Reads what is needed and writes the brief: same rows, same text. */
export async function writeBrief(
  store: Store,
  agentId: string,
  { node = '', since, max_tokens }: BriefRequest,
): Promise<Brief> {
  const window = { agent: agentId, since: since ? storedForm(since) : beginning };
  const [totals, runs, groups, evolutions] = await Promise.all([
    store.rows('totals_of_agent', { ...window, node }, brief.shape.totals),
    store.rows('run_outcomes', window, brief.shape.runs.element),
    store.rows('failure_groups_of_agent', { ...window, node, limit: mostGroups }, briefGroup),
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
  const fixes = await countEffects(store, agentId, groups, evolutions);
  const facts = {
    agent_id: agentId,
    since: since ?? null,
    totals: totals[0]!,
    runs,
    groups,
    evolutions: fixes,
  };
  return { ...facts, ...(await renderBrief(facts, max_tokens)) };
}

/** Puts beside each evolution how often its groups were tried and failed on both versions. */
async function countEffects(
  store: Store,
  agent: string,
  groups: BriefGroup[],
  evolutions: Evolution[],
): Promise<TriedFix[]> {
  const targets = evolutions.flatMap((fix) => fix.target_fingerprints);
  const fingerprints = [...new Set([...targets, ...groups.map((group) => group.fingerprint)])];
  const [exposures, occurrences] = await Promise.all([
    store.rows('node_exposure', { agent, since: beginning }, nodeExposure),
    store.rows('group_occurrences', { agent, fingerprints }, groupOccurrence),
  ]);
  const on = (fingerprint: string, ref: string) => {
    const seen = occurrences.filter((row) => row.fingerprint === fingerprint);
    const nodes = new Set(seen.map((row) => row.node_id));
    const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
    return {
      graph_snapshot_ref: ref,
      attempts: sum(
        exposures
          .filter((row) => row.graph_snapshot_ref === ref && nodes.has(row.node_id))
          .map((row) => row.attempts),
      ),
      failures: sum(
        seen.filter((row) => row.graph_snapshot_ref === ref).map((row) => row.failures),
      ),
    };
  };
  return evolutions.map((fix) => ({
    ...fix,
    effects: fix.target_fingerprints.map((fingerprint) => ({
      fingerprint,
      before: on(fingerprint, fix.from_ref),
      after: on(fingerprint, fix.graph_snapshot_ref),
    })),
  }));
}
