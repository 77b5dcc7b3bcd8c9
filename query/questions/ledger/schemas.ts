// What evolutions did to the groups that they were made for.
import { z } from 'zod';
import { count, instant } from '../../base/fields.ts';
import { evolution } from '../evolutions/schemas.ts';
import { verifiedCounts } from '../verifications/schemas.ts';

/** What an evolution did to a group. */
export const VERDICTS = ['effective', 'ineffective', 'harmful', 'insufficient_exposure'] as const;
/** What a fix did to a group; `insufficient_exposure`: too few runs to say. */
export type Verdict = (typeof VERDICTS)[number];

/** How often a group's node was tried and how often the group failed. */
const counted = z.object({
  attempts: count,
  failures: count,
  /** Failures per attempt; null without attempts. */
  rate: z.number().nullable(),
  /** Runs that tried the node: the independent trials that the verdict stands on. */
  runs: count,
  /** Those with at least one failure of the group. */
  failed_runs: count,
  /** Those that the group ended. */
  terminal_runs: count,
  /** Failed runs per run; null without runs. */
  run_rate: z.number().nullable(),
});
export type Counted = z.infer<typeof counted>;

/** The versions that attempts were counted on, and the first and the last of these attempts. */
const countedWindow = z.object({
  graph_snapshot_refs: z.array(z.string()),
  since: instant.nullable(),
  until: instant.nullable(),
});

/** What an evolution did to one group, with the numbers that say so. */
export const effect = z.object({
  evolution_id: z.string(),
  fingerprint: z.string(),
  verdict: z.enum(VERDICTS),
  before: counted,
  after: counted,
  /** `run_rate` after by `run_rate` before; null when nothing failed before or a side has no runs. */
  rate_ratio: z.number().nullable(),
  /** The rate ratio lies in it with 95 %, however often one looks; a high of null is no bound. */
  interval: z.tuple([z.number(), z.number().nullable()]),
  /**
   * So many failed runs count as one independent one, since they come in bursts as in an outage; 1 = all
   * are independent.
   */
  design_effect: z.number(),
  /** First attempt that counts as after; without any, when the evolution was recorded. */
  since: instant,
  /** Whether the evolution names the group; otherwise it changed the group's node. */
  targeted: z.boolean(),
  node_ids: z.array(z.string()),
  /** The groups that were counted together: the group, and those it moved to. */
  counted_fingerprints: z.array(z.string()),
  window: z.object({ before: countedWindow, after: countedWindow }),
  /** What else has to be known, as short sentences. */
  notes: z.array(z.string()),
});
/** A fix and a group: counts before and after, the ratio of their rates with its interval, and the verdict. */
export type Effect = z.infer<typeof effect>;

const nodeHealth = z.object({
  attempts: count,
  succeeded: count,
  success_rate: z.number(),
  median_duration_ns: count,
});

/** What an evolution did: to its groups, and on the side. */
export const evolutionEffects = z.object({
  items: z.array(effect),
  next_cursor: z.null(),
  side_effects: z.object({
    /** Groups of the agent that were first seen on what counts as after. */
    new_groups: z.array(
      z.object({
        fingerprint: z.string(),
        node_id: z.string(),
        error_type: z.string(),
        failures: count,
        first_seen: instant,
      }),
    ),
    nodes: z.array(
      z.object({
        node_id: z.string(),
        before: nodeHealth.nullable(),
        after: nodeHealth.nullable(),
      }),
    ),
  }),
  /** What its last verification came to, before it shipped; null if it was not verified. */
  verified: verifiedCounts.nullable(),
  notes: z.array(z.string()),
});
/** A fix with its effects on the groups that it targets, and on others. */
export type EvolutionEffects = z.infer<typeof evolutionEffects>;

/** An evolution with what it did to each group that it targets. */
export const triedFix = evolution.extend({ effects: z.array(effect) });
export type TriedFix = z.infer<typeof triedFix>;

/** An evolution in a list. */
export const listedEvolution = evolution.extend({
  effects: z
    .array(effect)
    .optional()
    .describe('What it did to each group that it targets, where asked for'),
});
/** A fix as lists have it, with its effects where asked for. */
export type ListedEvolution = z.infer<typeof listedEvolution>;
