// What the Queen should do now: evolve, wait, revert, or ask a person.
import { z } from 'zod';
import { count, instant } from '../../base/fields.ts';
import { question } from '../../base/question.ts';
import { VERDICTS } from '../ledger/schemas.ts';

export const EVOLUTION_ADVICE = ['evolve', 'wait', 'revert', 'ask'] as const;

/** Why, one word for each kind of reason. */
export const BECAUSE = [
  // evolve
  'ends_runs',
  // revert, or ask where no version to go back to is known
  'change_harms',
  // wait
  'partial',
  'no_runs',
  'change_not_run',
  'change_not_judged',
  'too_few_runs',
  'outage',
  'passes_by_itself',
  'recovers',
  'ended',
  'tolerable',
  // ask, or wait where a policy says so
  'policy',
  'outside',
  'budget',
  'safety',
  'failed_fixes',
  'many_evolutions',
  'unexplained',
] as const;

const share = z.number().min(0).max(1);
const bounds = z.tuple([share, share]);

/** Runs and those of them that were lost. */
export const lostRuns = z.object({
  runs: count,
  runs_lost: count,
  share: share.nullable().describe('Lost runs by runs; null without runs'),
  interval: bounds.describe('The share lies in it with 99 %; wider where runs fail in bursts'),
  design_effect: z.number().describe('So many lost runs count as one independent one'),
});
export type LostRuns = z.infer<typeof lostRuns>;

const again = z.object({
  after_runs: count.nullable().describe('Runs from now on after which the answer may be another'),
  at: instant.nullable().describe('When to ask again, however many runs came'),
});
export type Again = z.infer<typeof again>;

/** A problem of the version in use, and what to do about it alone. */
export const advisedProblem = z.object({
  fingerprint: z.string(),
  node_id: z.string(),
  error_type: z.string(),
  class: z.string(),
  advice: z.enum(EVOLUTION_ADVICE),
  because: z.enum(BECAUSE),
  reason: z.string(),
  lost: lostRuns.describe('Runs of the version in use that it ended'),
  failed_fixes: count.describe('Evolutions that target it and did not end it'),
  again,
});
export type AdvisedProblem = z.infer<typeof advisedProblem>;

const advisedChange = z.object({
  evolution_id: z
    .string()
    .nullable()
    .describe('null: the version came without a recorded evolution'),
  timestamp: instant.describe('When it was recorded, or the first run of the version'),
  resolution: z.string(),
  from_ref: z.string(),
  graph_snapshot_ref: z.string(),
  before: lostRuns,
  after: lostRuns,
  verdict: z
    .enum(VERDICTS)
    .describe('On runs lost for any reason, without outages and what passes by itself'),
  ratio: z.number().nullable().describe('Share after by share before'),
  interval: z.tuple([z.number(), z.number().nullable()]),
  targets: z.array(z.object({ fingerprint: z.string(), verdict: z.enum(VERDICTS) })),
});
export type AdvisedChange = z.infer<typeof advisedChange>;

const advice = z.object({
  agent_id: z.string(),
  advice: z.enum(EVOLUTION_ADVICE),
  because: z.enum(BECAUSE),
  reason: z.string().describe('In words, with the numbers; what came from outside is quoted in it'),
  fingerprint: z.string().nullable().describe('The group that it is about'),
  revert_to: z.string().nullable().describe('The version to go back to'),
  again,
  version: lostRuns.extend({
    graph_snapshot_ref: z.string().describe("The version in use; '' where it is not known"),
    last_run: instant.nullable(),
  }),
  change: advisedChange.nullable().describe('The last change, by which the version in use came'),
  considered: z
    .array(advisedProblem)
    .describe('Problems of the version in use, those that ended most runs first; at most 8'),
});
/** Whether to change an agent now, with the numbers and when to ask again. */
export type EvolutionAdvice = z.infer<typeof advice>;

/**
 * Whether to change the agent now: which problem and why, or why not yet and when to ask again. The last 30 days
 * are looked at.
 *
 * @throws {NotFoundError} for an agent of which nothing is stored
 */
export const evolutionAdvice = question({
  summary: 'Whether to evolve an agent now: evolve, wait, revert or ask a person',
  path: '/agents/:id/advice',
  of: { agent: z.string() },
  output: advice,
  async answer({ agent }, { store, policies }) {
    const { adviseEvolution } = await import('./advise.ts');
    return adviseEvolution(store, agent, policies);
  },
});
