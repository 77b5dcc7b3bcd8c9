// node_health and retry_advice.
import { z } from 'zod';
import { parseInput } from '../../base/input.ts';
import { quoteData, quoteId } from '../../base/quote.ts';
import { percent } from '../../base/text.ts';
import { retryAdvice as adviceQuestion, retryQuery } from '../../questions/advice/question.ts';
import { type NodeHealth, nodesQuery } from '../../questions/nodes/question.ts';
import { excerpt } from '../data.ts';
import { boundedPage, nextPage } from '../pages.ts';
import { tool } from '../tool.ts';
import { filters, limitOf } from './fields.ts';

const nodeOutput = z.object({
  node_id: z.string(),
  graph_snapshot_ref: z.string(),
  is_current: z.boolean(),
  attempts: z.number(),
  failures: z.number(),
  failure_rate: z.number(),
  interval: z.tuple([z.number(), z.number()]),
  runs: z.number(),
  failed_runs: z.number(),
  retries: z.number(),
  median_ms: z.number(),
  p95_ms: z.number(),
  last_failure_at: z.string().nullable(),
  top_groups: z.array(
    z.object({ fingerprint: z.string(), error_type: z.string(), failures: z.number() }),
  ),
});
type ShortNode = z.infer<typeof nodeOutput>;

const milliseconds = (ns: number): number => Math.round(ns / 1e5) / 10;
const rounded = (rate: number): number => Math.round(rate * 1e4) / 1e4;

const shortNode = (item: NodeHealth): ShortNode => ({
  node_id: excerpt(item.node_id, 128),
  graph_snapshot_ref: item.graph_snapshot_ref,
  is_current: item.is_current,
  attempts: item.attempts,
  failures: item.failures,
  failure_rate: rounded(item.failure_rate),
  interval: [rounded(item.interval[0]), rounded(item.interval[1])],
  runs: item.runs,
  failed_runs: item.failed_runs,
  retries: item.retries,
  median_ms: milliseconds(item.median_duration_ns),
  p95_ms: milliseconds(item.p95_duration_ns),
  last_failure_at: item.last_failure_at,
  top_groups: item.groups.map((group) => ({
    fingerprint: group.fingerprint,
    error_type: excerpt(group.error_type, 60),
    failures: group.failures,
  })),
});

function nodeLine(item: ShortNode): string {
  const [low, high] = item.interval;
  const groups = item.top_groups
    .map(
      (group) =>
        `${quoteId(group.error_type)} ${group.failures} times (${quoteId(group.fingerprint)})`,
    )
    .join(', ');
  return (
    `- node ${quoteId(item.node_id)} on ${quoteId(item.graph_snapshot_ref || 'unknown')}: ` +
    `${item.failures} of ${item.attempts} attempts failed, ${percent(item.failure_rate)} ` +
    `[${percent(low)}, ${percent(high)}], in ${item.failed_runs} of ${item.runs} runs; ` +
    `${item.retries} retries; median ${item.median_ms} ms, p95 ${item.p95_ms} ms` +
    `${groups ? `; most ${groups}` : ''}`
  );
}

export const nodeHealth = tool({
  name: 'node_health',
  title: 'Node health',
  description:
    'Attempts, failure rate with its interval, runs, retries, durations and what fails most, by node: on ' +
    'the current version, or on all. Use it to find the weak node, or to compare versions of one.',
  input: z.strictObject({
    agent: filters.agent,
    node: filters.node.optional(),
    versions: z.enum(nodesQuery.shape.versions.unwrap().options).default('current'),
    since: filters.since,
    limit: limitOf(50, 20),
    cursor: filters.cursor,
  }),
  output: z.object({ items: z.array(nodeOutput), next_cursor: z.string().nullable() }),
  async ask(history, { agent, limit, ...filter }) {
    const page = await boundedPage(
      (most) => history.nodes(agent, { ...filter, limit: most }),
      limit,
      shortNode,
    );
    return {
      text: page.items.map(nodeLine).join('\n') || 'No attempt fits.',
      data: page,
      next: nextPage('node_health', { agent, ...filter, limit }, page.next_cursor),
    };
  },
});

const answered = adviceQuestion.output.shape;

export const retryAdvice = tool({
  name: 'retry_advice',
  title: 'Retry advice',
  description:
    'Whether to try a failed node again: retry, back_off or stop, the chance that the next attempt ' +
    'succeeds, the usual wait, whether only a change of the graph helps. Needs one of group, error_type, ' +
    'class (as in llm.timeout), run.',
  input: z.strictObject({
    agent: filters.agent,
    node: filters.node,
    group: filters.group.optional(),
    error_type: filters.error_type.optional(),
    class: z.string().max(64).optional(),
    run: filters.run.optional(),
    attempt: z.coerce.number().int().min(1).max(1_000_000).optional(),
    max_attempts: z.coerce.number().int().min(1).max(1_000_000).optional(),
  }),
  output: z.object({
    advice: answered.advice,
    reason: z.string(),
    chance: answered.chance,
    interval: answered.interval,
    wait_ms: answered.wait_ms,
    basis: answered.basis,
    failures: answered.failures,
    retried: answered.retried,
    succeeded: answered.succeeded,
    needs_graph_change: answered.needs_graph_change,
    consecutive_failures: z.number(),
  }),
  async ask(history, { agent, group: fingerprint, ...known }) {
    const given = { ...known, ...(fingerprint && { fingerprint }) };
    const answer = await history.retryAdvice(agent, parseInput(retryQuery, given));
    const { advice, chance, interval, wait_ms, basis, failures, retried, succeeded } = answer;
    const reason = excerpt(answer.reason, 400);
    const [low, high] = interval;
    return {
      text:
        `**${advice}**: ${quoteData(reason, 401)}\n` +
        `- chance ${chance === null ? 'unknown' : `${percent(chance)} [${percent(low)}, ${percent(high)}]`}, ` +
        `from ${failures} failures (${basis}), ${retried} retried, ${succeeded} of them succeeded\n` +
        (wait_ms
          ? `- wait ${wait_ms.median} ms as a rule, ${wait_ms.p90} ms at most times\n`
          : '') +
        `- the node failed ${answer.node.consecutive_failures} times in a row` +
        (answer.needs_graph_change ? '; only a change of the graph will help' : ''),
      data: {
        advice,
        reason,
        chance,
        interval,
        wait_ms,
        basis,
        failures,
        retried,
        succeeded,
        needs_graph_change: answer.needs_graph_change,
        consecutive_failures: answer.node.consecutive_failures,
      },
    };
  },
});
