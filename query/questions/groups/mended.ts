// Groups that a fix mended though nobody resolved them: the verdict on it says so.
import type { Store } from '../../base/store.ts';
import type { Evolution } from '../evolutions/schemas.ts';
import { judgeEffects } from '../ledger/effects.ts';
import { ledgerOf, type Question, VERDICT_MS } from '../ledger/ledger.ts';
import type { Effect } from '../ledger/schemas.ts';
import { againAfter, type FailedVersion, type Mended } from './lifecycle.ts';
import type { GroupMapping } from './mapping.ts';
import type { Counts } from './rows.ts';
import type { GroupEvent } from './schemas.ts';

/** Agents that are looked into at the same time. */
export const AGENTS_AT_ONCE = 4;
/** Fixes of one group that are judged, the newest. */
const MOST_FIXES = 5;

/** What is judged from. */
export interface JudgedFrom {
  /** Of all groups of each agent. */
  counts: readonly Counts[];
  /** Evolutions by agent, the oldest first. */
  timelines: ReadonlyMap<string, readonly Evolution[]>;
  mapping: GroupMapping;
}

/** Whether a group may be resolved by the effect of an evolution: since it was last decided about. */
export function mayHaveMended(
  { status, timestamp }: Evolution,
  decision: GroupEvent | undefined,
  now: number,
): boolean {
  if (status !== 'applied' || (decision && decision.kind !== 'reopen')) return false;
  const oldest = new Date(now - VERDICT_MS).toISOString();
  return timestamp >= oldest && timestamp > (decision?.timestamp ?? '');
}

/** The newest evolutions of a group that may have mended it, to be judged. */
export const fixesToJudge = (
  fingerprint: string,
  evolutions: readonly Evolution[],
  { decision, now }: { decision: GroupEvent | undefined; now: number },
): Question[] =>
  evolutions
    .filter((one) => mayHaveMended(one, decision, now))
    .slice(0, MOST_FIXES)
    .map((evolution) => ({ evolution, fingerprint, targeted: true }));

/** Answers questions about several agents, in statements that grow with the number of agents only. */
export async function judgeByAgent(
  store: Store,
  questions: readonly Question[],
  { counts, timelines, mapping }: JudgedFrom,
): Promise<Effect[]> {
  const agents = [...new Set(questions.map(({ evolution }) => evolution.agent_id))];
  const own = new Map<string, Counts[]>(agents.map((agent) => [agent, []]));
  for (const row of counts) own.get(row.agent_id)?.push(row);
  const effects: Effect[] = [];
  for (let start = 0; start < agents.length; start += AGENTS_AT_ONCE) {
    const judged = await Promise.all(
      agents.slice(start, start + AGENTS_AT_ONCE).map((agent) =>
        judgeEffects(
          ledgerOf(store, agent, {
            counts: own.get(agent)!,
            timeline: timelines.get(agent) ?? [],
            mapping,
          }),
          questions.filter(({ evolution }) => evolution.agent_id === agent),
        ),
      ),
    );
    effects.push(...judged.flat());
  }
  return effects;
}

/** A fix that works for a group. */
export interface Working {
  fingerprint: string;
  evolution: Evolution;
  effect: Effect;
}

/** The newest fix of each group that is `effective`, by group. */
export function workingFixes(
  questions: readonly Question[],
  effects: readonly Effect[],
): Map<string, Working> {
  const working = new Map<string, Working>();
  for (const { evolution, fingerprint } of questions) {
    if (working.has(fingerprint)) continue;
    const effect = effects.find(
      (one) => one.fingerprint === fingerprint && one.evolution_id === evolution.evolution_id,
    );
    if (effect?.verdict === 'effective') {
      working.set(fingerprint, { fingerprint, evolution, effect });
    }
  }
  return working;
}

/** From when on failures can say that the fix did not hold: of clocks that differ the earlier. */
export const workedSince = ({ evolution, effect }: Working): string =>
  [effect.since, evolution.timestamp].sort()[0]!;

/**
 * What the working fixes came to. A group that failed again is judged once more, by the runs before that:
 * where they had not shown yet that the fix works, it never was resolved.
 */
export async function mendedGroups(
  store: Store,
  working: ReadonlyMap<string, Working>,
  versions: ReadonlyMap<string, readonly FailedVersion[]>,
  from: JudgedFrom,
): Promise<Map<string, Mended>> {
  const again = [...working.values()].flatMap((one): Question[] => {
    const { fingerprint, evolution } = one;
    const timeline = from.timelines.get(evolution.agent_id) ?? [];
    const failed = againAfter(evolution, timeline, versions.get(fingerprint) ?? []);
    return failed ? [{ evolution, fingerprint, targeted: true, until: failed.at }] : [];
  });
  const before = await judgeByAgent(store, again, from);
  const proven = new Set(
    before.filter(({ verdict }) => verdict === 'effective').map((one) => one.fingerprint),
  );
  return new Map(
    [...working].map(([group, { evolution, effect }]) => {
      const held = effect.after.failed_runs === 0 || proven.has(group);
      return [group, { evolution, effect, held }];
    }),
  );
}
