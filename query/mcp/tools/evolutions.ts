// list_evolutions and record_evolution.
import { z } from 'zod';
import { storedName } from '../../base/fields.ts';
import { quoteData, quoteId } from '../../base/quote.ts';
import { percent } from '../../base/text.ts';
import type { History } from '../../history.ts';
import { type Evolution, evolutionInput } from '../../questions/evolutions/schemas.ts';
import type { Effect, EvolutionEffects } from '../../questions/ledger/schemas.ts';
import { excerpt, shortEffect } from '../data.ts';
import { boundedPage, nextPage } from '../pages.ts';
import { type NextStep, tool } from '../tool.ts';
import { effectOutput, filters, limitOf } from './fields.ts';

const evolutionOutput = z.object({
  evolution_id: z.string(),
  timestamp: z.string(),
  agent_id: z.string(),
  status: z.string(),
  author: z.string(),
  resolution: z.string(),
  rationale: z.string(),
  from_ref: z.string(),
  graph_snapshot_ref: z.string(),
  target_fingerprints: z.array(z.string()),
  effects: z.array(effectOutput),
});
type ShortEvolution = z.infer<typeof evolutionOutput>;

const TARGETS = 10;

const short = (item: Evolution, effects: Effect[]): ShortEvolution => ({
  evolution_id: excerpt(item.evolution_id, 128),
  timestamp: item.timestamp,
  agent_id: excerpt(item.agent_id, 128),
  status: item.status,
  author: excerpt(item.author, 60),
  resolution: excerpt(item.resolution, 400),
  rationale: excerpt(item.rationale, 200),
  from_ref: item.from_ref,
  graph_snapshot_ref: item.graph_snapshot_ref,
  target_fingerprints: item.target_fingerprints.slice(0, TARGETS),
  effects: effects.slice(0, TARGETS).map(shortEffect),
});

const sideEffects = z.object({
  new_groups: z.array(
    z.object({
      fingerprint: z.string(),
      node_id: z.string(),
      error_type: z.string(),
      failures: z.number(),
    }),
  ),
  nodes: z.array(
    z.object({
      node_id: z.string(),
      success_rate_before: z.number().nullable(),
      success_rate_after: z.number().nullable(),
    }),
  ),
  notes: z.array(z.string()),
});
type SideEffects = z.infer<typeof sideEffects>;

export const listEvolutions = tool({
  name: 'list_evolutions',
  title: 'List evolutions',
  description:
    'What was changed in an agent and what it did, newest first: the fix in words, the graph versions, ' +
    'and for each kind of failure that it targets the verdict with runs that failed before and after. ' +
    'Use it to see whether a fix helped, or with evolution_id for all of one: its rationale, what else ' +
    'it changed for the better or worse, and what restricts the verdict.',
  input: z.strictObject({
    agent: filters.agent.optional().describe('only this agent'),
    node: filters.node.optional().describe('only those that target a failure of this node'),
    evolution_id: storedName.optional().describe('only this one, in full'),
    since: filters.since,
    limit: limitOf(20, 5),
    cursor: filters.cursor,
  }),
  output: z.object({
    items: z.array(evolutionOutput),
    side_effects: sideEffects.optional(),
    next_cursor: z.string().nullable(),
  }),
  async ask(history, { evolution_id, limit, ...filter }) {
    if (evolution_id !== undefined) return oneEvolution(history, evolution_id);
    const page = await boundedPage(
      (most) => history.evolutions({ ...filter, effects: true, limit: most }),
      limit,
      (item) => short(item, item.effects ?? []),
    );
    return {
      text: page.items.flatMap(evolutionLines).join('\n') || 'No evolution is on record.',
      data: page,
      next: nextPage('list_evolutions', { ...filter, limit }, page.next_cursor),
    };
  },
});

async function oneEvolution(history: History, id: string) {
  const [evolution, effects] = await Promise.all([history.evolution(id), history.effects(id)]);
  const item = short(evolution, effects.items);
  const { new_groups, nodes, notes } = besides(effects);
  const text = [
    ...evolutionLines(item),
    ...(evolution.rationale ? [`  - why ${quoteData(evolution.rationale, 1000)}`] : []),
    ...new_groups.map(
      (group) =>
        `  - new since: ${quoteId(group.error_type)} in ${quoteId(group.node_id || 'graph')}, ` +
        `${group.failures} failures, ${quoteId(group.fingerprint)}`,
    ),
    ...nodes.map(
      (node) =>
        `  - node ${quoteId(node.node_id)}: succeeded ${shareOf(node.success_rate_before)} before, ` +
        `${shareOf(node.success_rate_after)} after`,
    ),
    ...notes.map((note) => `  - ${note}`),
  ].join('\n');
  return {
    text,
    data: { items: [item], side_effects: { new_groups, nodes, notes }, next_cursor: null },
    next: diffStep(evolution),
  };
}

const SIDES = 20;

function besides({ items, side_effects, notes }: EvolutionEffects): SideEffects {
  const all = [...notes, ...items.flatMap((effect) => effect.notes)];
  return {
    new_groups: side_effects.new_groups.slice(0, SIDES).map((group) => ({
      fingerprint: group.fingerprint,
      node_id: excerpt(group.node_id, 128),
      error_type: excerpt(group.error_type, 128),
      failures: group.failures,
    })),
    nodes: side_effects.nodes.slice(0, SIDES).map(({ node_id, before, after }) => ({
      node_id: excerpt(node_id, 128),
      success_rate_before: before?.success_rate ?? null,
      success_rate_after: after?.success_rate ?? null,
    })),
    notes: [...new Set(all)].slice(0, SIDES).map((note) => excerpt(note, 300)),
  };
}

const shareOf = (rate: number | null): string => (rate === null ? 'nothing' : percent(rate));

function evolutionLines(item: ShortEvolution): string[] {
  return [
    `- ${item.timestamp.slice(0, 19)}Z ${quoteId(item.status)} for ${quoteId(item.agent_id)} by ` +
      `${quoteData(item.author || 'unknown', 61)}: ${quoteData(item.resolution, 401)}`,
    `  - ${quoteId(item.from_ref || 'unknown')} to ${quoteId(item.graph_snapshot_ref || 'unknown')}, ` +
      `evolution ${quoteId(item.evolution_id)}`,
    ...item.effects.map(
      (effect) =>
        `  - ${quoteId(effect.fingerprint)}: **${effect.verdict}**, failed in ` +
        `${effect.failed_runs_before} runs before and ${effect.failed_runs_after} after`,
    ),
  ];
}

function diffStep({ from_ref, graph_snapshot_ref }: Evolution): NextStep[] {
  if (!from_ref || !graph_snapshot_ref) return [];
  return [
    {
      tool: 'diff_graphs',
      arguments: { from: from_ref, to: graph_snapshot_ref },
      why: 'shows what was changed in the graph',
    },
  ];
}

const told = evolutionInput.shape;

export const recordEvolution = tool({
  name: 'record_evolution',
  title: 'Record an evolution',
  description:
    'Call this after you changed an agent or its graph, so that the change is remembered and judged by ' +
    'the runs that follow. Name what it is meant to fix: target_fingerprints from failure_brief, and ' +
    'target_failures or from_ref, by which the version that was changed is known. Give the new graph, or ' +
    'its address as graph_snapshot_ref. To tell that a change was taken back, call it again with its ' +
    'evolution_id and status reverted.',
  changes: true,
  input: evolutionInput.extend({
    agent_id: told.agent_id.describe('the agent that was changed'),
    evolution_id: told.evolution_id.describe('only to update one that is on record'),
    resolution: told.resolution.describe('the fix, in words that the next reader understands'),
    strategy: told.strategy.describe('kind of the fix, as in retry, prompt, routing'),
    rationale: told.rationale.describe('why it should work'),
    author: told.author.describe('who made the change'),
    from_ref: told.from_ref.describe('snapshot that was changed; default: that of the targets'),
    graph_snapshot_ref: told.graph_snapshot_ref.describe('address of the new snapshot'),
    graph: z.json().optional().meta({
      description: 'the new graph, as in {"id","nodes":[{"id"}],"edges":[{"source","target"}]}',
    }),
    target_fingerprints: told.target_fingerprints.describe('kinds of failures that it targets'),
    target_failures: told.target_failures.describe('ids of failures that it targets'),
  }),
  output: z.object({ evolution: evolutionOutput }),
  async ask(history, input) {
    const evolution = await history.recordEvolution(input);
    const item = short(evolution, []);
    return {
      text: `Recorded.\n${evolutionLines(item).join('\n')}`,
      data: { evolution: item },
      next: [
        {
          tool: 'list_evolutions',
          arguments: { evolution_id: evolution.evolution_id },
          why: 'shows, when runs have followed, whether it helped',
        },
      ],
    };
  },
});
