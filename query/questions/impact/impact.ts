// What a group costs: runs that it ended, on the version in use and in all.
import { z } from 'zod';
import { BEGINNING } from '../../base/cursor.ts';
import { count } from '../../base/fields.ts';
import type { Store } from '../../base/store.ts';

/** Failures of one group that are looked through for what they report of tokens and money, the newest. */
const MOST_USAGE = 10_000;

/** What failures of a group report to have used. */
const usage = z.object({
  failures: count.describe('How many of its last 10,000 failures report any of it'),
  input_tokens: count,
  output_tokens: count,
  cost: z.number().describe('Money in the unit of those who report it; 0 where nobody does'),
});
type Usage = z.infer<typeof usage>;

/** Runs that a group met and lost; `now` is on the version in use. */
export const impact = z.object({
  /** The version in use: that of the newest run; '' when none is known. */
  graph_snapshot_ref: z.string(),
  runs_met: count,
  runs_lost: count,
  runs_met_now: count,
  runs_lost_now: count,
  /** All runs of the version in use. */
  runs_now: count,
  /** `runs_lost_now` by `runs_now`, 0 to 1; null when no run of it is on record. */
  share_now: z.number().nullable(),
  /** Whether each failure was retried or recovered, and no run was lost. */
  is_recovered: z.boolean(),
  failed_seconds: z.number().describe('Time that its failed attempts took'),
  usage: usage
    .nullable()
    .optional()
    .describe('What the failed spans themselves report; of one group only, null where none does'),
});
export type Impact = z.infer<typeof impact>;

const counted = z.object({
  fingerprint: z.string(),
  failures: count,
  recovered: count,
  failed_seconds: z.coerce.number(),
  runs_met: count,
  runs_lost: count,
  runs_met_now: count,
  runs_lost_now: count,
});
type Counted = Omit<z.infer<typeof counted>, 'fingerprint'>;

/** A group as far as its impact is concerned. */
interface Members {
  fingerprint: string;
  fingerprints: readonly string[];
}

/** The version in use and its runs. */
export interface InUse {
  ref: string;
  runs: number;
}

/** The version of the newest run, or of the newest failure where no run is on record. */
export function versionInUse(
  runs: readonly { graph_snapshot_ref: string; runs: number; last_started: string }[],
  groups: readonly { counts: readonly { graph_snapshot_ref: string; last_seen: string }[] }[],
): InUse {
  const newest = (rows: { ref: string; at: string }[]) =>
    rows.reduce<{ ref: string; at: string } | undefined>(
      (best, row) => (row.ref !== '' && (!best || row.at > best.at) ? row : best),
      undefined,
    )?.ref;
  const ref =
    newest(runs.map((row) => ({ ref: row.graph_snapshot_ref, at: row.last_started }))) ??
    newest(
      groups.flatMap(({ counts }) =>
        counts.map((row) => ({ ref: row.graph_snapshot_ref, at: row.last_seen })),
      ),
    ) ??
    '';
  const own = runs.filter((row) => row.graph_snapshot_ref === ref);
  return { ref, runs: own.reduce((sum, row) => sum + row.runs, 0) };
}

/** The impact of what was counted. */
export function impactOf(
  { failures, recovered, ...runs }: Counted,
  { ref, runs: runs_now }: InUse,
): Impact {
  return {
    graph_snapshot_ref: ref,
    ...runs,
    runs_now,
    share_now: runs_now === 0 ? null : Math.min(1, runs.runs_lost_now / runs_now),
    is_recovered: failures > 0 && recovered === failures && runs.runs_lost === 0,
  };
}

interface ImpactQuery {
  agent: string;
  since: string;
  inUse: InUse;
  /** Only these fingerprints are counted. @default all of the agent */
  only?: string[];
}

/** The impact of each group of an agent that failed since some time, by its fingerprint. */
export async function readImpact(
  store: Store,
  { agent, since, inUse, only = [] }: ImpactQuery,
  groups: readonly Members[],
): Promise<Map<string, Impact>> {
  const merged = groups.flatMap(({ fingerprint: group, fingerprints }) =>
    fingerprints.filter((name) => name !== group).map((fingerprint) => ({ fingerprint, group })),
  );
  const rows = await store.rows(
    'group_impact',
    {
      agent,
      since,
      ref: inUse.ref,
      fingerprints: merged.map(({ fingerprint }) => fingerprint),
      groups: merged.map(({ group }) => group),
      only,
    },
    counted,
  );
  return new Map(rows.map(({ fingerprint, ...row }) => [fingerprint, impactOf(row, inUse)]));
}

const outcomes = z.object({
  graph_snapshot_ref: z.string(),
  runs: count,
  last_started: z.string(),
});

/** The same of all times, with the version in use looked up. */
export async function readImpactNow(
  store: Store,
  { agent, only }: Pick<ImpactQuery, 'agent' | 'only'>,
  groups: readonly (Members & Parameters<typeof versionInUse>[1][number])[],
): Promise<Map<string, Impact>> {
  const window = { agent, since: BEGINNING };
  const inUse = versionInUse(await store.rows('run_outcomes', window, outcomes), groups);
  return readImpact(store, { ...window, inUse, ...(only && { only }) }, groups);
}

/** What the failures of one group report of tokens and money; null where none reports any. */
export async function readUsage(
  store: Store,
  agent: string,
  fingerprints: readonly string[],
): Promise<Usage | null> {
  const params = { agent, fingerprints: [...fingerprints], limit: MOST_USAGE };
  const [found] = await store.rows('group_usage', params, usage);
  return found && found.failures > 0 ? found : null;
}
