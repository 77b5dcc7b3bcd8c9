// find_similar_failures: what is like a failure, and what helped there.
import { z } from 'zod';
import { quoteData, quoteId } from '../../base/quote.ts';
import type { SimilarGroup } from '../../questions/similar/question.ts';
import { excerpt } from '../data.ts';
import { boundedPage } from '../pages.ts';
import { type NextStep, tool } from '../tool.ts';
import { filters, limitOf } from './fields.ts';

const FIXES = 3;

const similarOutput = z.object({
  fingerprint: z.string(),
  agent_id: z.string(),
  node_id: z.string(),
  class: z.string(),
  error_type: z.string(),
  template: z.string(),
  score: z.number(),
  why: z.string(),
  failures: z.number(),
  last_seen: z.string(),
  last_failure_id: z.string(),
  fixes: z.array(
    z.object({
      evolution_id: z.string(),
      status: z.string(),
      resolution: z.string(),
      verdict: z.string().nullable(),
    }),
  ),
});
type ShortSimilar = z.infer<typeof similarOutput>;

const shortSimilar = (item: SimilarGroup): ShortSimilar => ({
  fingerprint: item.fingerprint,
  agent_id: excerpt(item.agent_id, 128),
  node_id: excerpt(item.node_id, 128),
  class: item.class,
  error_type: excerpt(item.error_type, 128),
  template: excerpt(item.template, 200),
  score: Math.round(item.score * 100) / 100,
  why: excerpt(item.why, 200),
  failures: item.failures,
  last_seen: item.last_seen,
  last_failure_id: item.last_failure_id,
  fixes: item.fixes.slice(0, FIXES).map((fix) => ({
    evolution_id: excerpt(fix.evolution_id, 128),
    status: fix.status,
    resolution: excerpt(fix.resolution, 200),
    verdict: fix.verdict,
  })),
});

const similarLines = (item: ShortSimilar): string[] => [
  `- ${item.score.toFixed(2)}: ${quoteId(item.error_type || 'error')} in node ` +
    `${quoteId(item.node_id || 'none')} of ${quoteId(item.agent_id)}, class ${quoteId(item.class)}, ` +
    `${item.failures} failures, last ${item.last_seen.slice(0, 19)}Z, ` +
    `fingerprint ${quoteId(item.fingerprint)}`,
  `  - ${quoteData(item.template, 201)}; ${quoteData(item.why, 201)}`,
  ...item.fixes.map(
    (fix) =>
      `  - fix ${quoteId(fix.evolution_id)}, ${quoteId(fix.status)}, ` +
      `**${fix.verdict ?? 'not judged'}**: ${quoteData(fix.resolution, 201)}`,
  ),
];

export const findSimilarFailures = tool({
  name: 'find_similar_failures',
  title: 'Find similar failures',
  description:
    'Groups of any agent that are like a failure, or like the text of a message, the nearest first, with ' +
    'the fixes that were tried there and their verdicts. Use it when a failure is new here.',
  input: z.strictObject({
    failure: filters.failure.optional(),
    text: z.string().trim().min(1).max(1000).optional(),
    agent: filters.agent.optional(),
    node: filters.node.optional(),
    since: filters.since,
    limit: limitOf(20, 5),
  }),
  output: z.object({ items: z.array(similarOutput) }),
  async ask(history, { limit, ...question }) {
    const { items } = await boundedPage(
      (most) => history.similarFailures({ ...question, limit: most }),
      limit,
      shortSimilar,
    );
    return {
      text: items.flatMap(similarLines).join('\n') || 'Nothing similar is on record.',
      data: { items },
      next: nextOf(items),
    };
  },
});

function nextOf(items: ShortSimilar[]): NextStep[] {
  const helped = items.flatMap(({ fixes }) => fixes).find(({ verdict }) => verdict === 'effective');
  if (!helped) return [];
  return [
    {
      tool: 'list_evolutions',
      arguments: { evolution: helped.evolution_id },
      why: 'shows a fix that helped there',
    },
  ];
}
