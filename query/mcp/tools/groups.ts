// list_failure_groups and get_failure_group.
import { z } from 'zod';
import { quoteData, quoteId } from '../../base/quote.ts';
import { type Group, type GroupDetail, groupsQuery } from '../../questions/groups/schemas.ts';
import { type Impact, impact } from '../../questions/impact/impact.ts';
import { costWords, lostWords } from '../../questions/impact/text.ts';
import { excerpt, shortEffect } from '../data.ts';
import { boundedPage, nextPage } from '../pages.ts';
import { tool } from '../tool.ts';
import { effectOutput, filters, limitOf } from './fields.ts';

const groupOutput = z.object({
  fingerprint: z.string(),
  agent_id: z.string(),
  state: z.string(),
  why: z.string(),
  class: z.string(),
  node_id: z.string(),
  level: z.string(),
  error_type: z.string(),
  template: z.string(),
  failures: z.number(),
  runs: z.number(),
  impact: impact
    .pick({ runs_lost_now: true, runs_now: true, runs_lost: true, is_recovered: true })
    .optional(),
  inputs: z.number(),
  first_seen: z.string(),
  last_seen: z.string(),
  last_failure_id: z.string(),
  last_evolution: z
    .object({ evolution_id: z.string(), status: z.string(), resolution: z.string() })
    .nullable(),
});
type ShortGroup = z.infer<typeof groupOutput>;

const shortGroup = (item: Group): ShortGroup => ({
  fingerprint: item.fingerprint,
  agent_id: excerpt(item.agent_id, 128),
  state: item.state,
  why: excerpt(item.why, 200),
  class: item.class,
  node_id: excerpt(item.node_id, 128),
  level: item.level,
  error_type: excerpt(item.error_type, 128),
  template: excerpt(item.template, 200),
  failures: item.failures,
  runs: item.runs,
  ...(item.impact && { impact: shortImpact(item.impact) }),
  inputs: item.inputs,
  first_seen: item.first_seen,
  last_seen: item.last_seen,
  last_failure_id: item.last_failure_id,
  last_evolution: item.last_evolution && {
    evolution_id: excerpt(item.last_evolution.evolution_id, 128),
    status: item.last_evolution.status,
    resolution: excerpt(item.last_evolution.resolution, 160),
  },
});

const shortImpact = ({ runs_lost_now, runs_now, runs_lost, is_recovered }: Impact) => ({
  runs_lost_now,
  runs_now,
  runs_lost,
  is_recovered,
});

const impactText = ({ impact }: ShortGroup): string => (impact ? `, ${lostWords(impact)}` : '');

function groupLines(item: ShortGroup): string[] {
  const { last_evolution: fix } = item;
  return [
    `- ${item.state}: ${quoteId(item.error_type || 'error')} in ` +
      `${item.node_id ? `node ${quoteId(item.node_id)}` : `level ${quoteId(item.level)}`} of ` +
      `${quoteId(item.agent_id)}, class ${quoteId(item.class)}, ${item.failures} failures in ` +
      `${item.runs} runs${impactText(item)}, last ${item.last_seen.slice(0, 19)}Z, fingerprint ${quoteId(item.fingerprint)}`,
    `  - ${quoteData(item.template, 201)}; ${quoteData(item.why, 201)}`,
    ...(fix
      ? [
          `  - last fix ${quoteId(fix.evolution_id)}, ${quoteId(fix.status)}: ` +
            quoteData(fix.resolution, 161),
        ]
      : []),
  ];
}

const aboutGroup = (fingerprint: string) => ({
  tool: 'get_failure_group',
  arguments: { group: fingerprint },
  why: 'shows fixes, versions and what was said of the group',
});

export const listFailureGroups = tool({
  name: 'list_failure_groups',
  title: 'List failure groups',
  description:
    'Groups, each one kind of failure, with state, counts and last fix: of one agent those that end most runs of its version in use first. Use ' +
    'it to choose what to work on, or to see whether a fixed problem came back (state regressed).',
  input: z.strictObject({
    agent: filters.agent.optional(),
    node: filters.node.optional(),
    state: groupsQuery.shape.state,
    class: filters.class.optional(),
    text: filters.text,
    since: filters.since,
    limit: limitOf(50, 10),
    cursor: filters.cursor,
  }),
  output: z.object({ items: z.array(groupOutput), next_cursor: z.string().nullable() }),
  async ask(history, { limit, ...filter }) {
    const page = await boundedPage(
      (most) => history.groups({ ...filter, ...(filter.agent && { sort: 'impact' }), limit: most }),
      limit,
      shortGroup,
    );
    const [first] = page.items;
    return {
      text: page.items.flatMap(groupLines).join('\n') || noneOf(page),
      data: page,
      next: [
        ...(first ? [aboutGroup(first.fingerprint)] : []),
        ...nextPage('list_failure_groups', { ...filter, limit }, page.next_cursor),
      ],
    };
  },
});

/** A search ends before the list where hardly any group fits. */
const noneOf = ({ next_cursor }: { next_cursor: string | null }): string =>
  next_cursor === null
    ? 'No group fits.'
    : 'None of those that were looked at fits; there are more.';

const FEW = 10;

const detailOutput = z.object({
  group: groupOutput,
  fingerprints: z.array(z.string()),
  classes: z.array(z.string()),
  annotation: z.object({ class: z.string(), author: z.string(), reason: z.string() }).nullable(),
  contradiction: z.string().nullable(),
  cost: z.string().nullable(),
  proposals: z.array(
    z.object({
      fingerprint: z.string(),
      other_fingerprint: z.string(),
      reason: z.string(),
      evidence: z.string(),
    }),
  ),
  versions: z.array(
    z.object({
      graph_snapshot_ref: z.string(),
      failures: z.number(),
      first_seen: z.string(),
      last_seen: z.string(),
    }),
  ),
  effects: z.array(effectOutput.extend({ evolution_id: z.string() })),
  events: z.array(
    z.object({
      timestamp: z.string(),
      kind: z.string(),
      value: z.string(),
      author: z.string(),
      reason: z.string(),
    }),
  ),
  recent_failure_ids: z.array(z.string()),
});
type ShortDetail = z.infer<typeof detailOutput>;

const shortDetail = (item: GroupDetail): ShortDetail => ({
  group: shortGroup(item),
  fingerprints: item.fingerprints.slice(0, FEW),
  classes: item.failure_classes.slice(0, FEW),
  annotation: item.annotation && {
    class: item.annotation.class,
    author: excerpt(item.annotation.author, 60),
    reason: excerpt(item.annotation.reason, 300),
  },
  contradiction: item.contradiction && excerpt(item.contradiction, 300),
  cost: item.impact ? costWords(item.impact) : null,
  proposals: item.proposals.slice(0, FEW).map((one) => ({
    fingerprint: one.fingerprint,
    other_fingerprint: one.other_fingerprint,
    reason: excerpt(one.reason, 300),
    evidence: excerpt(one.evidence, 300),
  })),
  versions: item.versions.slice(0, FEW),
  effects: item.effects.slice(0, FEW).map((effect) => ({
    evolution_id: excerpt(effect.evolution_id, 128),
    ...shortEffect(effect),
  })),
  events: item.events.slice(0, FEW).map((event) => ({
    timestamp: event.timestamp,
    kind: event.kind,
    value: excerpt(event.value, 300),
    author: excerpt(event.author, 60),
    reason: excerpt(event.reason, 300),
  })),
  recent_failure_ids: item.recent_failure_ids.slice(0, 5),
});

function detailLines(item: ShortDetail): string[] {
  return [
    ...groupLines(item.group),
    ...(item.cost === null ? [] : [`- Cost: ${item.cost}.`]),
    ...(item.contradiction ? [`  - ${quoteData(item.contradiction, 301)}`] : []),
    ...item.proposals.map(
      (one) =>
        `- looks like one problem: ${quoteId(one.fingerprint)} and ${quoteId(one.other_fingerprint)}, ` +
        `${quoteData(one.reason, 301)}; ${quoteData(one.evidence, 301)} (accept or dismiss it)`,
    ),
    ...item.versions.map(
      (version) =>
        `- version ${quoteId(version.graph_snapshot_ref || 'unknown')}: ${version.failures} failures, ` +
        `${version.first_seen.slice(0, 19)}Z to ${version.last_seen.slice(0, 19)}Z`,
    ),
    ...item.effects.map(
      (effect) =>
        `- fix ${quoteId(effect.evolution_id)}: **${effect.verdict}**, failed in ` +
        `${effect.failed_runs_before} runs before and ${effect.failed_runs_after} after`,
    ),
    ...item.events.map(
      (event) =>
        `- ${event.timestamp.slice(0, 19)}Z ${event.kind} by ${quoteData(event.author, 61)}: ` +
        `${quoteData(event.value, 301)} ${quoteData(event.reason, 301)}`,
    ),
    `- newest failures: ${item.recent_failure_ids.map(quoteId).join(', ')}`,
  ];
}

export const getFailureGroup = tool({
  name: 'get_failure_group',
  title: 'Get a failure group',
  description:
    'One group: the versions that it failed on, the verdict on every fix that targeted it, what people ' +
    'and agents said of it, its newest failures. Read it before you fix the problem.',
  input: z.strictObject({ group: filters.group }),
  output: detailOutput,
  async ask(history, { group }) {
    const item = shortDetail(await history.group(group));
    return {
      text: detailLines(item).join('\n'),
      data: item,
      next: [
        {
          tool: 'get_failure',
          arguments: { failure: item.group.last_failure_id },
          why: 'shows input and stack of its newest failure',
        },
        {
          tool: 'failure_cases',
          arguments: { group: item.group.fingerprint },
          why: 'lists the inputs to test a fix on',
        },
      ],
    };
  },
});
