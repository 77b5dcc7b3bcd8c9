// list_evolutions and record_evolution.
import { z } from 'zod';
import { quoteData, quoteId } from '../../base/quote.ts';
import { percent } from '../../base/text.ts';
import type { History } from '../../history.ts';
import {
  type Evolution,
  type EvolutionInput,
  evolutionInput,
} from '../../questions/evolutions/schemas.ts';
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
    'What was changed in an agent, newest first, with the verdict on each group that it targets and the ' +
    'runs that failed before and after. With evolution: all of one, with its side effects and what ' +
    'restricts the verdict.',
  input: z.strictObject({
    agent: filters.agent.optional(),
    node: filters.node.optional(),
    evolution: filters.evolution.optional(),
    since: filters.since,
    limit: limitOf(20, 5),
    cursor: filters.cursor,
  }),
  output: z.object({
    items: z.array(evolutionOutput),
    side_effects: sideEffects.optional(),
    next_cursor: z.string().nullable(),
  }),
  async ask(history, { evolution, limit, ...filter }) {
    if (evolution !== undefined) return oneEvolution(history, evolution);
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

const fields = evolutionInput.shape;

export const recordEvolution = tool({
  name: 'record_evolution',
  title: 'Record an evolution',
  description:
    'Call this after you changed an agent: the runs that follow judge the change. resolution is the fix ' +
    'in words; groups are what it should fix; the version that was changed is known by failures or from; ' +
    'the new one is graph ({id, nodes:[{id}], edges:[{source, target}]}) or its address in to. If a ' +
    'change was taken back, call it again with its evolution and status reverted.',
  changes: true,
  input: z.strictObject({
    agent: filters.agent,
    resolution: fields.resolution,
    groups: fields.target_fingerprints,
    failures: fields.target_failures,
    from: fields.from_ref,
    to: fields.graph_snapshot_ref,
    graph: z.unknown().optional(),
    rationale: fields.rationale,
    strategy: fields.strategy,
    author: fields.author,
    trigger: fields.trigger,
    status: fields.status,
    evolution: fields.evolution_id,
  }),
  output: z.object({ evolution: evolutionOutput }),
  async ask(history, input) {
    const { agent, groups, failures, from, to, graph, evolution: id, ...rest } = input;
    const evolution = await history.recordEvolution({
      ...rest,
      graph: graph as EvolutionInput['graph'],
      agent_id: agent,
      evolution_id: id,
      target_fingerprints: groups,
      target_failures: failures,
      from_ref: from,
      graph_snapshot_ref: to,
    });
    const item = short(evolution, []);
    return {
      text: `Recorded.\n${evolutionLines(item).join('\n')}`,
      data: { evolution: item },
      next: [
        {
          tool: 'list_evolutions',
          arguments: { evolution: evolution.evolution_id },
          why: 'shows, when runs have followed, whether it helped',
        },
      ],
    };
  },
});
