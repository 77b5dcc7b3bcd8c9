// Why an agent became what it is: what happened to its graph and its groups, in order.
import { z } from 'zod';
import { instant, page, pageOf } from '../../base/fields.ts';
import { question } from '../../base/question.ts';
import { evolution } from '../evolutions/schemas.ts';
import { groupEvent } from '../groups/schemas.ts';
import { effect } from '../ledger/schemas.ts';

const count = z.int().min(0);

/** Which events to list, newest first. */
export const timelineQuery = z.strictObject(page());

const version = z.object({
  kind: z.literal('version_first_seen'),
  timestamp: instant,
  graph_snapshot_ref: z.string(),
  nodes: z.array(z.string()).describe('Empty where the snapshot is not stored'),
});

const verdict = effect.pick({
  fingerprint: true,
  verdict: true,
  rate_ratio: true,
  interval: true,
});

const evolved = z.object({
  kind: z.literal('evolution'),
  ...evolution.pick({
    timestamp: true,
    evolution_id: true,
    status: true,
    trigger: true,
    resolution: true,
    strategy: true,
    rationale: true,
    author: true,
    from_ref: true,
    graph_snapshot_ref: true,
  }).shape,
  verdicts: z.array(verdict).describe('Of each group that it targets, as of now'),
});

const group = {
  timestamp: instant,
  fingerprint: z.string(),
  node_id: z.string().describe("'' for the graph as a whole"),
  error_type: z.string(),
  failures: count,
};

const appeared = z.object({
  kind: z.literal('group_appeared'),
  ...group,
  graph_snapshot_ref: z.string(),
});

const vanished = z.object({
  kind: z.literal('group_vanished'),
  ...group,
  last_seen: instant.describe('Its last failure: versions before may have gone on for a while'),
  graph_snapshot_ref: z.string().describe('The first version after the newest that it failed on'),
  attempts_since: count.describe(
    'Attempts of its node on later versions (runs, for the graph): with none it may just not have been tried',
  ),
});

const said = z.object({
  kind: z.literal('group_event'),
  ...groupEvent.omit({ kind: true, agent_id: true }).shape,
  change: groupEvent.shape.kind,
});

/** One thing that happened. */
export const timelineEvent = z.discriminatedUnion('kind', [
  version,
  evolved,
  appeared,
  vanished,
  said,
]);
/** Something that happened to an agent: a version, an evolution, a group. */
export type TimelineEvent = z.infer<typeof timelineEvent>;

/**
 * Why an agent became what it is, the newest first: versions that were first seen, evolutions with what they
 * did, groups that appeared and vanished, and changes that somebody recorded. Of evolutions the newest 500.
 * Empty for an agent that is not known.
 */
export const timeline = question({
  summary: 'Versions, evolutions, groups that came and went, and what was said, newest first',
  path: '/agents/:id/timeline',
  of: { agent: z.string() },
  input: timelineQuery,
  output: pageOf(timelineEvent),
  async answer(input, { store }) {
    const { readTimelinePage } = await import('./read-timeline.ts');
    return readTimelinePage(store, input);
  },
});
