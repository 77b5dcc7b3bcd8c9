// failure_brief: what to read before an agent is evolved.
import { z } from 'zod';
import { quoteId } from '../../base/quote.ts';
import type { History } from '../../history.ts';
import type { Brief } from '../../questions/brief/question.ts';
import { excerpt, fitting, shortEffect } from '../data.ts';
import { type NextStep, tool } from '../tool.ts';
import { effectOutput, filters } from './fields.ts';

/** Tokens of the bound that the next steps may take. */
const RESERVE = 110;
/** Bytes of JSON by token: identifiers are most of it, and have about two to a token. */
const BYTES_BY_TOKEN = 2;
const AGENTS_NAMED = 20;

const group = z.object({
  fingerprint: z.string(),
  state: z.string(),
  node_id: z.string(),
  level: z.string(),
  class: z.string(),
  error_type: z.string(),
  message: z.string(),
  failures: z.number(),
  runs: z.number(),
  ended_the_run: z.number(),
  last_seen: z.string(),
  last_failure_id: z.string(),
  reads_like_instructions: z.array(z.string()).optional(),
});

const fix = z.object({
  evolution_id: z.string(),
  timestamp: z.string(),
  status: z.string(),
  resolution: z.string(),
  graph_snapshot_ref: z.string(),
  effects: z.array(effectOutput),
});

export const failureBrief = tool({
  name: 'failure_brief',
  title: 'Brief before evolving',
  description:
    'Call this first, before you change an agent: what ends its runs now, where in the code, on which ' +
    'inputs, what was tried and whether it helped. Do not repeat a fix that it calls ineffective or ' +
    'harmful.',
  input: z.strictObject({
    agent: filters.agent,
    node: filters.node.optional(),
    since: filters.since,
    max_tokens: z.coerce.number().int().min(400).max(10_000).default(1500),
  }),
  output: z.object({
    agent_id: z.string(),
    totals: z.object({ failures: z.number(), groups: z.number(), evolutions: z.number() }),
    groups: z.array(group),
    fixes: z.array(fix),
    known_agents: z.array(z.string()).optional(),
  }),
  async ask(history, { agent, max_tokens, ...rest }) {
    const brief = await history.brief(agent, { ...rest, max_tokens: max_tokens - RESERVE });
    const known = isEmpty(brief) ? await agentsOf(history) : undefined;
    return {
      text: brief.markdown + (known ? describeAgents(known) : ''),
      data: {
        agent_id: brief.agent_id,
        totals: brief.totals,
        ...shortened(brief, max_tokens * BYTES_BY_TOKEN),
        ...(known && { known_agents: known }),
      },
      next: nextOf(brief),
    };
  },
});

const isEmpty = ({ totals, runs }: Brief): boolean =>
  totals.failures + totals.evolutions + runs.length === 0;

async function agentsOf(history: History): Promise<string[]> {
  const { items } = await history.agents({ limit: AGENTS_NAMED });
  return items.map((agent) => excerpt(agent.agent_id, 60));
}

function describeAgents(agents: string[]): string {
  if (agents.length === 0) return '\nNo agent has a history yet.\n';
  return `\nAgents with a history: ${agents.map(quoteId).join(', ')}.\n`;
}

/** Groups and fixes, most important first, as many as fit. */
function shortened(brief: Brief, bytes: number) {
  const fixes = fitting(
    brief.evolutions.map((item) => ({
      evolution_id: item.evolution_id,
      timestamp: item.timestamp,
      status: item.status,
      resolution: excerpt(item.resolution, 240),
      graph_snapshot_ref: item.graph_snapshot_ref,
      effects: item.effects.map(shortEffect),
    })),
    bytes / 2,
  );
  const groups = fitting(
    brief.groups.map((item) => ({
      fingerprint: item.fingerprint,
      state: item.state,
      node_id: excerpt(item.node_id, 128),
      level: item.level,
      class: item.class,
      error_type: excerpt(item.error_type, 128),
      message: excerpt(item.last_message, 200),
      failures: item.failures,
      runs: item.runs,
      ended_the_run: item.terminal,
      last_seen: item.last_seen,
      last_failure_id: item.last_failure_id,
      ...(item.suspicious.length > 0 && { reads_like_instructions: item.suspicious }),
    })),
    bytes - Buffer.byteLength(JSON.stringify(fixes)) - 500,
  );
  return { groups, fixes };
}

function nextOf({ groups: [first] }: Brief): NextStep[] {
  if (!first) return [];
  return [
    {
      tool: 'get_failure',
      arguments: { failure: first.last_failure_id },
      why: 'shows input, stack and graph of its newest failure',
    },
    {
      tool: 'get_failure_group',
      arguments: { group: first.fingerprint },
      why: 'shows what was tried against it',
    },
  ];
}
