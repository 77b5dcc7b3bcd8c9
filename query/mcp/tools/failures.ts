// list_failures and get_failure.
import { z } from 'zod';
import { storedName } from '../../base/fields.ts';
import { quoteData, quoteId } from '../../base/quote.ts';
import type { Failure, FailureDetail } from '../../questions/failures/schemas.ts';
import { excerpt } from '../data.ts';
import { boundedPage, nextPage, partOf, quoteAll } from '../pages.ts';
import { type NextStep, tool } from '../tool.ts';
import { filters, limitOf } from './fields.ts';

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
    'Single failures, newest first, without inputs and stacks. Use it to find failures of one agent, ' +
    'node, kind (fingerprint) or run, for example all failures of a run that you look into. For what ' +
    'fails most, use failure_brief.',
  input: z.strictObject({
    agent: filters.agent.optional().describe('only this agent'),
    node: filters.node.optional(),
    fingerprint: filters.fingerprint.optional().describe('only failures of this kind'),
    run: storedName.optional().describe('only this run'),
    since: filters.since,
    limit: limitOf(50, 10),
    cursor: filters.cursor,
  }),
  output: z.object({ items: z.array(failureOutput), next_cursor: z.string().nullable() }),
  async ask(history, { limit, ...filter }) {
    const page = await boundedPage(
      (most) => history.recentFailures({ ...filter, limit: most }),
      limit,
      shortFailure,
    );
    const [first] = page.items;
    return {
      text: page.items.map(failureLine).join('\n') || 'No failure fits.',
      data: page,
      next: [
        ...(first
          ? [
              {
                tool: 'get_failure',
                arguments: { failure_id: first.failure_id },
                why: 'shows the newest in full',
              },
            ]
          : []),
        ...nextPage('list_failures', { ...filter, limit }, page.next_cursor),
      ],
    };
  },
});

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
    'One failure with the start of its message, input, stack trace, state and evidence, the graph ' +
    'version that it happened on and the evolution that came of it. Use it to understand a failure ' +
    'before you fix it. A text that is cut can be read on with part and offset.',
  input: z.strictObject({
    failure_id: z.guid().describe('failure_id from another answer'),
    part: z.enum(parts).optional().describe('only this text, as a whole, 6,000 characters a time'),
    offset: z.coerce.number().int().min(0).default(0).describe('where to read on in the part'),
  }),
  output: z.object({
    failure: failureOutput,
    texts: z.record(z.string(), shownText),
    site: z.string(),
    session_id: z.string(),
    graph_snapshot_ref: z.string(),
    nodes: z.array(z.string()),
    evolution_id: z.string().nullable(),
    next_offset: z.number().nullable(),
  }),
  async ask(history, { failure_id, part, offset }) {
    const failure = await history.failure(failure_id);
    return part === undefined ? summary(failure) : onePart(failure, part, offset);
  },
});

const facts = (failure: FailureDetail) => ({
  failure: shortFailure(failure),
  site: failure.site,
  session_id: excerpt(failure.session_id, 128),
  graph_snapshot_ref: failure.graph_snapshot_ref,
  nodes: (failure.graph_snapshot?.nodes ?? []).slice(0, 50).map((node) => excerpt(node, 60)),
  evolution_id: failure.evolution?.evolution_id ?? null,
});

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
    `- graph ${quoteId(failure.graph_snapshot_ref || 'unknown')}` +
      (data.nodes.length ? `, nodes ${data.nodes.map(quoteId).join(', ')}` : ''),
    evolution
      ? `- evolution ${quoteId(evolution.evolution_id)}, ${quoteId(evolution.status)}: ${quoteData(evolution.resolution, 240)}`
      : '- no evolution came of it yet',
    ...Object.entries(shown)
      .filter(([name, { total_chars }]) => name !== 'error_message' || total_chars > MESSAGE_CHARS)
      .map(([name, part]) => `- ${name} (${part.total_chars} characters) ${quoteAll(part.text)}`),
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
            arguments: { failure_id: failure.failure_id, part: cut },
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

function onePart(failure: FailureDetail, name: Part, offset: number) {
  const whole =
    name === 'attributes'
      ? JSON.stringify(failure.attributes)
      : name === 'graph_snapshot'
        ? (failure.graph_snapshot?.body ?? '')
        : failure[name];
  const { part, total_chars, next_offset } = partOf(whole, offset, PART_CHARS);
  return {
    text:
      total_chars === 0
        ? `${name} is empty.`
        : `${name}, characters ${offset} to ${offset + part.length} of ${total_chars}: ${quoteAll(part)}`,
    data: { ...facts(failure), texts: { [name]: { text: part, total_chars } }, next_offset },
    next:
      next_offset === null
        ? []
        : [
            {
              tool: 'get_failure',
              arguments: { failure_id: failure.failure_id, part: name, offset: next_offset },
              why: 'shows more',
            },
          ],
  };
}
