// What to read before an agent is evolved.
import { z } from 'zod';
import { count, instant, since } from '../../base/fields.ts';
import { question } from '../../base/question.ts';
import { impact } from '../impact/impact.ts';
import { triedFix } from '../ledger/schemas.ts';
import { verifiedCounts } from '../verifications/schemas.ts';
import { place } from './place.ts';

/** A group in the brief. */
export const briefGroup = z.object({
  fingerprint: z.string(),
  /** All that are in the group, the one that names it first. */
  fingerprints: z.array(z.string()),
  state: z.string(),
  since: instant,
  /** Why it is in this state; what came from outside is quoted in it. */
  why: z.string(),
  level: z.string(),
  node_id: z.string(),
  class: z.string(),
  /** Whether somebody said that it has this class. */
  is_annotated: z.boolean(),
  contradiction: z.string().nullable(),
  error_type: z.string(),
  last_message: z.string(),
  last_failure_id: z.string(),
  /** Its trace where `--trace-url` says; '' without. */
  last_trace_url: z.string(),
  last_input: z.string(),
  last_input_digest: z.string(),
  /** Where in the application its newest failure was raised; null when the stack does not say. */
  place: place.nullable(),
  /** The call that its newest failure was, or failed by: a tool (`execute_tool`), a model (`chat`), … */
  called: z.object({ operation: z.string(), target: z.string() }).nullable(),
  /** What its newest inputs, twelve at most, have in common. */
  in_common: z.object({
    inputs: count,
    facts: z.array(
      z.object({
        field: z.string(),
        /** As in `null in all`, `in all` (the value), `missing in 2 of 7`, `-3 to 0`. */
        is: z.string(),
        value: z.string().nullable(),
      }),
    ),
  }),
  /** The version that it was first seen on in the window, and the evolution that made it, if one did. */
  began: z.object({
    graph_snapshot_ref: z.string(),
    evolution_id: z.string().nullable(),
  }),
  /** The fields of it whose text reads like an instruction. */
  suspicious: z.array(z.string()),
  impact,
  failures: count,
  runs: count,
  inputs: count,
  retried: count,
  terminal: count,
  first_seen: instant,
  last_seen: instant,
  graph_snapshot_refs: z.array(z.string()),
});
export type BriefGroup = z.infer<typeof briefGroup>;

const briefAnswer = z.object({
  agent_id: z.string(),
  since: z.string().nullable(),
  /** All that there is; the lists below hold at most 20 each. */
  totals: z.object({
    failures: count,
    groups: count,
    /** Of the groups, those that are resolved or ignored and so not listed. */
    resolved: count,
    ignored: count,
    evolutions: count,
  }),
  runs: z.array(
    z.object({
      graph_snapshot_ref: z.string(),
      outcome: z.string(),
      runs: count,
      last_started: instant,
    }),
  ),
  groups: z.array(briefGroup),
  evolutions: z.array(
    triedFix.extend({
      verified: verifiedCounts
        .nullable()
        .describe('What its last verification came to, before it shipped'),
    }),
  ),
  /** The same as Markdown for a prompt, at most `max_tokens` long. */
  markdown: z.string(),
  /** Tokens of `markdown`, counted with the o200k_base encoding. */
  tokens: count,
});
/** What a coding agent reads before it changes a graph: Markdown, and the same as data. */
export type Brief = z.infer<typeof briefAnswer>;

export const briefQuery = z.strictObject({
  node: z.string().min(1).optional(),
  since: since.optional(),
  /** 200 to 100,000. */
  max_tokens: z.coerce.number<number>().int().min(200).max(100_000).default(1500),
});

/** What to read before an agent is evolved. An agent without history gets one line that says so. */
export const brief = question({
  summary: 'What to read before an agent is evolved',
  path: '/agents/:id/brief',
  of: { agent: z.string() },
  input: briefQuery,
  output: briefAnswer,
  async answer({ agent, ...request }, context) {
    const { writeBrief } = await import('./brief.ts');
    return writeBrief(context, agent, request);
  },
});
