// The answer about a cascade: what failed in a run, what followed from what, and how it went on.
import { z } from 'zod';
import { failureId, instant } from '../../base/fields.ts';
import { question } from '../../base/question.ts';

const count = z.number().int();

/** How it is known that one thing followed from another, the strongest first. */
export const FOLLOWS_BY = ['told', 'parent', 'retry', 'edge', 'time'] as const;

const follows = z.object({
  failure_id: z.string().describe('the failure that this one followed from'),
  by: z
    .enum(FOLLOWS_BY)
    .describe(
      'told: the executor reported it; parent: it happened inside of this one; retry: the attempt before; edge: its node leads to this one; time: it was the last before',
    ),
  certain: z.boolean().describe('false where it may be a coincidence'),
  why: z.string(),
});
export type Follows = z.infer<typeof follows>;

/** What came after a failure. */
export const WENT_ON = [
  'recovered',
  'retried',
  'routed',
  'continued',
  'failed_node',
  'ended_run',
  'open',
  'unknown',
] as const;

const wentOn = z.object({
  how: z
    .enum(WENT_ON)
    .describe(
      'recovered: a later attempt, or the node around it, succeeded; retried: the later attempts failed too; routed: another node took over; continued: the run went on without it; failed_node: the node around it failed; ended_run; open: the run has not ended; unknown',
    ),
  by: z
    .enum(['told', 'attempt', 'disposition', 'edge', 'time', 'outcome', 'level'])
    .nullable()
    .describe('what says so'),
  node_id: z.string().nullable().describe('the node that it went on with'),
  attempt: count.nullable(),
  failure_id: z.string().nullable().describe('the failure that it went on to'),
  why: z.string(),
});
export type WentOn = z.infer<typeof wentOn>;

const evidence = z.object({
  operations: z.array(z.string()).describe('failures of tools and models below, the first first'),
  told: z
    .array(
      z.object({
        kind: z.enum(['judge', 'tool', 'model', 'cause', 'other']),
        key: z.string(),
        text: z.string(),
      }),
    )
    .describe('what the executor gave as evidence, cut; text from outside'),
});
export type Evidence = z.infer<typeof evidence>;

const member = z.object({
  failure_id: z.string(),
  timestamp: instant,
  level: z.string(),
  node_id: z.string(),
  attempt: count,
  visit: count,
  site: z.string(),
  class: z.string(),
  error_type: z.string(),
  error_message: z.string().describe('at most 500 characters; text from outside'),
  fingerprint: z.string(),
  disposition: z.string(),
  follows: z.array(follows),
  went_on: wentOn,
  evidence,
});
export type Member = z.infer<typeof member>;

/** An attempt, or the run itself, that failed only because of a failure that another span reported. */
const consequence = z.object({
  what: z.enum(['attempt', 'run']),
  node_id: z.string(),
  attempt: count,
  span_id: z.string(),
  timestamp: instant,
  failure_id: z.string().nullable().describe('the failure that it followed from, if known'),
  by: z.enum(FOLLOWS_BY).nullable(),
});
export type Consequence = z.infer<typeof consequence>;

const cascadeAnswer = z.object({
  failure_id: z.string(),
  agent_id: z.string(),
  run_id: z.string(),
  graph_snapshot_ref: z.string(),
  run: z
    .object({
      started_at: instant,
      ended_at: instant.nullable().describe('null while it has not ended'),
      outcome: z.string().describe("'' while it has not ended"),
      ended_by: z.string().nullable().describe('the failure that ended it, if one did'),
    })
    .nullable()
    .describe('null when no span reported the run'),
  first_failure_id: z.string().describe('the failure of the run that came first'),
  root_failure_id: z.string().describe('where the failure that was asked about began'),
  root_certain: z.boolean().describe('false when a step on the way there may be a coincidence'),
  failures: z.array(member).describe('causes before what followed from them, else by time'),
  consequences: z.array(consequence),
  left_out: z
    .object({ failures: count, attempts: count })
    .describe('how many of the run were not looked at, because there are so many'),
  notes: z.array(z.string()),
});
/** What followed from what in the run of a failure, from the root on. */
export type Cascade = z.infer<typeof cascadeAnswer>;

/**
 * What failed in a failure's run: which came first, what followed from what and how that is known, what lies
 * under each, and how the run went on. Of a large run what is near to the failure; `left_out` says how much
 * is not.
 */
export const cascade = question({
  summary: "What failed in a failure's run, what followed from what, and how it went on",
  path: '/failures/:id/cascade',
  of: { failure_id: failureId },
  ids: { failure_id: 'failure' },
  output: cascadeAnswer,
  async answer({ failure_id }, { store }) {
    const { readCascade } = await import('./read-run.ts');
    return readCascade(store, failure_id);
  },
});
