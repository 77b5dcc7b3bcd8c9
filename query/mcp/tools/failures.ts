// list_failures and get_failure.
import { z } from 'zod';
import { quoteData, quoteId, quoteLines } from '../../base/quote.ts';
import type { History } from '../../history.ts';
import type { Failure, FailureDetail } from '../../questions/failures/schemas.ts';
import { excerpt } from '../data.ts';
import { boundedPage, nextPage, partOf, quoteAll } from '../pages.ts';
import { type NextStep, tool } from '../tool.ts';
import { filters, limitOf, offset } from './fields.ts';

const failureOutput = z.object({
  failure_id: z.string(),
  timestamp: z.string(),
  agent_id: z.string(),
  node_id: z.string(),
  level: z.string(),
  attempt: z.number(),
  class: z.string(),
  error_type: z.string(),
  message: z.string(),
  disposition: z.string(),
  run_id: z.string(),
  fingerprint: z.string(),
});

const MESSAGE_CHARS = 200;

const shortFailure = (failure: Failure): z.infer<typeof failureOutput> => ({
  failure_id: failure.failure_id,
  timestamp: failure.timestamp,
  agent_id: excerpt(failure.agent_id, 128),
  node_id: excerpt(failure.node_id, 128),
  level: failure.level,
  attempt: failure.attempt,
  class: failure.class,
  error_type: excerpt(failure.error_type, 128),
  message: excerpt(failure.error_message, MESSAGE_CHARS),
  disposition: failure.disposition,
  run_id: excerpt(failure.run_id, 128),
  fingerprint: failure.fingerprint,
});

export const listFailures = tool({
  name: 'list_failures',
  title: 'List failures',
  description:
    'Single failures, newest first, without inputs and stacks: of an agent, node, group or run. For what ' +
    'fails most, use failure_brief.',
  input: z.strictObject({
    agent: filters.agent.optional(),
    node: filters.node.optional(),
    group: filters.group.optional(),
    run: filters.run.optional(),
    class: filters.class.optional(),
    text: filters.text,
    since: filters.since,
    limit: limitOf(50, 10),
    cursor: filters.cursor,
  }),
  output: z.object({ items: z.array(failureOutput), next_cursor: z.string().nullable() }),
  async ask(history, { limit, ...filter }) {
    const { group: fingerprint, ...others } = filter;
    const page = await boundedPage(
      (most) => history.recentFailures({ ...others, fingerprint, limit: most }),
      limit,
      shortFailure,
    );
    const [first] = page.items;
    return {
      text:
        page.items.map(failureLine).join('\n') ||
        `No failure fits.${await hintOf(history, others.agent)}`,
      data: page,
      next: [
        ...(first
          ? [
              {
                tool: 'get_failure',
                arguments: { failure: first.failure_id },
                why: 'shows the newest in full',
              },
            ]
          : []),
        ...nextPage('list_failures', { ...filter, limit }, page.next_cursor),
      ],
    };
  },
});

/** Why there may be none. */
async function hintOf(history: History, agent: string | undefined): Promise<string> {
  const { hint } = await history.skippedSpans(agent === undefined ? {} : { service: agent });
  return hint && ` Note: ${hint}.`;
}

const where = ({ node_id, level }: { node_id: string; level: string }): string =>
  node_id ? `node ${quoteId(node_id)}` : `level ${quoteId(level)}`;

function failureLine(failure: z.infer<typeof failureOutput>): string {
  return (
    `- ${failure.timestamp.slice(0, 19)}Z ${where(failure)} of ${quoteId(failure.agent_id)}, ` +
    `attempt ${failure.attempt}${failure.disposition ? `, ${quoteId(failure.disposition)}` : ''}: ` +
    `${quoteId(failure.error_type || 'error')}, class ${quoteId(failure.class)}, ` +
    `message ${quoteAll(failure.message)}, run ${quoteId(failure.run_id)}, ` +
    `failure ${quoteId(failure.failure_id)}, fingerprint ${quoteId(failure.fingerprint)}`
  );
}

/** Fields that may be long, and how much of each the summary shows. */
const excerpts = {
  error_message: 600,
  input_context: 600,
  stack_trace: 900,
  graph_state: 300,
  evidence: 600,
} as const;
const PART_CHARS = 6000;
type Text = keyof typeof excerpts;
const texts = Object.keys(excerpts) as Text[];
const parts = [...texts, 'attributes', 'graph_snapshot'] as const;
type Part = (typeof parts)[number];

const shownText = z.object({ text: z.string(), total_chars: z.number() });

export const getFailure = tool({
  name: 'get_failure',
  title: 'Get a failure',
  description:
    'One failure: message, input, stack, state, evidence, its place in the graph, the evolution that came ' +
    'of it. A text that is cut can be read whole with part, and on with offset.',
  input: z.strictObject({
    failure: filters.failure,
    part: z.enum(parts).optional(),
    offset,
  }),
  output: z.object({
    failure: failureOutput,
    texts: z.record(z.string(), shownText),
    site: z.string(),
    session_id: z.string(),
    graph_snapshot_ref: z.string(),
    graph: z
      .object({ nodes: z.number(), before: z.array(z.string()), after: z.array(z.string()) })
      .nullable(),
    evolution_id: z.string().nullable(),
    trace_url: z.string(),
    next_offset: z.number().nullable(),
  }),
  async ask(history, { failure: id, part, offset }) {
    const failure = await history.failure(id);
    return part === undefined ? summary(failure) : onePart(failure, part, offset ?? 0);
  },
});

const facts = (failure: FailureDetail) => ({
  failure: shortFailure(failure),
  site: failure.site,
  session_id: excerpt(failure.session_id, 128),
  graph_snapshot_ref: failure.graph_snapshot_ref,
  graph: placeInGraph(failure),
  evolution_id: failure.evolution?.evolution_id ?? null,
  trace_url: failure.trace_url,
});

const NEIGHBOURS = 6;

/** How many nodes the graph has, and those beside the one that failed. */
function placeInGraph({ node_id, graph_snapshot: graph }: FailureDetail) {
  if (!graph || graph.nodes.length === 0) return null;
  const from = `${node_id}->`;
  const to = `->${node_id}`;
  const few = (names: string[]) => names.slice(0, NEIGHBOURS).map((name) => excerpt(name, 60));
  return {
    nodes: graph.nodes.length,
    before: few(
      graph.edges.filter((edge) => edge.endsWith(to)).map((edge) => edge.slice(0, -to.length)),
    ),
    after: few(
      graph.edges.filter((edge) => edge.startsWith(from)).map((edge) => edge.slice(from.length)),
    ),
  };
}

function describeGraph({ graph_snapshot_ref: ref, graph }: ReturnType<typeof facts>): string {
  const beside = (what: string, names: string[]) =>
    names.length > 0 ? `, ${what} ${names.map(quoteId).join(', ')}` : '';
  const place = graph
    ? ` of ${graph.nodes} nodes${beside('comes from', graph.before)}${beside('goes to', graph.after)}`
    : '';
  return `- graph ${quoteId(ref || 'unknown')}${place}`;
}

/** A stack is read by its lines; everything else is one. */
function describeText(name: string, heading: string, text: string): string {
  return name === 'stack_trace'
    ? [`${heading}:`, ...quoteLines(text).map((line) => `  ${line}`)].join('\n')
    : `${heading}: ${quoteAll(text)}`;
}

function summary(failure: FailureDetail) {
  const shown = Object.fromEntries(
    texts
      .filter((name) => failure[name] !== '')
      .map((name) => [
        name,
        { text: excerpt(failure[name], excerpts[name]), total_chars: failure[name].length },
      ]),
  );
  const data = { ...facts(failure), texts: shown, next_offset: null };
  const { evolution } = failure;
  const text = [
    failureLine(data.failure).slice(2),
    `- site ${quoteId(failure.site || 'unknown')}, session ${quoteId(failure.session_id || 'unknown')}`,
    describeGraph(data),
    ...(data.trace_url ? [`- trace <${data.trace_url}>`] : []),
    evolution
      ? `- evolution ${quoteId(evolution.evolution_id)}, ${quoteId(evolution.status)}: ${quoteData(evolution.resolution, 240)}`
      : '- no evolution came of it yet',
    ...Object.entries(shown)
      .filter(([name, { total_chars }]) => name !== 'error_message' || total_chars > MESSAGE_CHARS)
      .map(([name, { text, total_chars }]) =>
        describeText(
          name,
          `- ${name}${text.length < total_chars ? ` (the start of ${total_chars} characters)` : ''}`,
          text,
        ),
      ),
  ].join('\n');
  return { text, data, next: nextOf(failure) };
}

function nextOf(failure: FailureDetail): NextStep[] {
  const cut = texts.find((name) => failure[name].length > excerpts[name]);
  return [
    ...(cut
      ? [
          {
            tool: 'get_failure',
            arguments: { failure: failure.failure_id, part: cut },
            why: `shows all of ${cut}`,
          },
        ]
      : []),
    ...(failure.evolution === null
      ? [
          {
            tool: 'find_similar_failures',
            arguments: { failure: failure.failure_id },
            why: 'shows what helped elsewhere',
          },
        ]
      : []),
    ...(failure.run_id
      ? [
          {
            tool: 'list_failures',
            arguments: { run: failure.run_id },
            why: 'shows what else failed in its run',
          },
        ]
      : []),
  ];
}

function textOf(failure: FailureDetail, name: Part): string {
  if (name === 'attributes') return JSON.stringify(failure.attributes);
  if (name === 'graph_snapshot') return failure.graph_snapshot?.body ?? '';
  return failure[name];
}

function onePart(failure: FailureDetail, name: Part, offset: number) {
  const { part, total_chars, next_offset } = partOf(textOf(failure, name), offset, PART_CHARS);
  return {
    text:
      total_chars === 0
        ? `${name} is empty.`
        : describeText(
            name,
            `${name}, characters ${offset} to ${offset + part.length} of ${total_chars}`,
            part,
          ),
    data: { ...facts(failure), texts: { [name]: { text: part, total_chars } }, next_offset },
    next:
      next_offset === null
        ? []
        : [
            {
              tool: 'get_failure',
              arguments: { failure: failure.failure_id, part: name, offset: next_offset },
              why: 'shows more',
            },
          ],
  };
}
