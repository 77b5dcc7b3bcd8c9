// What seeded worlds are made of: runs that are lost by chance, outages, evolutions.
import type { EvolutionAdvice } from '../../../../query/questions/evolution-advice/question.ts';
import {
  HOUR,
  type SimulatedEvolution,
  type SimulatedGroup,
  type SimulatedHistory,
  type SimulatedRun,
  START,
} from './simulated.ts';

export interface World extends SimulatedHistory {
  /** What is right; with the group where it is `evolve`. */
  right: { advice: EvolutionAdvice['advice'][]; fingerprint?: string };
}

export type Random = () => number;
/** Chance that a run at some time is lost to each group. */
export type Chances = (at: number) => Record<string, number>;

export const group = (name: string, failureClass: string): SimulatedGroup => ({
  fingerprint: `v1:${name}`,
  class: failureClass,
});
export const bug = group('bug', 'code.error');
export const other = group('other', 'output.invalid');
export const provider = group('provider', 'llm.unavailable');
export const between = (random: Random, low: number, high: number) => low + random() * (high - low);

/** Runs of a version, spread by chance over some hours. */
export function live(
  random: Random,
  version: string,
  { from, hours, runs, chances }: { from: number; hours: number; runs: number; chances: Chances },
): SimulatedRun[] {
  return Array.from({ length: runs }, () => (from + random() * hours) * HOUR)
    .sort((one, two) => one - two)
    .map((at) => {
      let dice = random();
      for (const [name, chance] of Object.entries(chances(at / HOUR))) {
        if (dice < chance) return { at, version, lost: `v1:${name}` };
        dice -= chance;
      }
      return { at, version, lost: null };
    });
}

export const steady =
  (chances: Record<string, number>): Chances =>
  () =>
    chances;

/** Outages of half an hour to two and a half hours within some hours. */
export function outagesIn(random: Random, from: number, hours: number, count: number) {
  return Array.from({ length: count }, () => {
    const length = between(random, 0.5, 2.5);
    const start = from + random() * (hours - length);
    return [start, start + length] as const;
  });
}
type Outages = ReturnType<typeof outagesIn>;
export const isOut = (outages: Outages, at: number) => outages.some(([a, b]) => at >= a && at < b);

/** Another agent that fails in the same outages. */
export const elsewhere = (random: Random, outages: Outages, hours: number) =>
  Array.from({ length: 400 }, () => random() * hours).flatMap((at) =>
    isOut(outages, at) && random() < 0.8
      ? [{ since: START + at * HOUR, failed_runs: 1, agents: ['other'] }]
      : [],
  );

export const evolution = (
  id: string,
  at: number,
  over: Partial<SimulatedEvolution> = {},
): SimulatedEvolution => ({
  evolution_id: id,
  at: at * HOUR,
  from: 'a',
  to: 'b',
  target: 'v1:bug',
  status: 'applied',
  ...over,
});

interface Told {
  runs: SimulatedRun[];
  groups?: SimulatedGroup[];
  evolutions?: SimulatedEvolution[];
  right: World['right'];
}
export const world = ({
  runs,
  groups = [bug, other, provider],
  evolutions = [],
  right,
}: Told): World => ({
  runs,
  groups,
  evolutions,
  right,
  now: runs.at(-1)!.at + HOUR / 10,
});

export const evolve = (fingerprint = 'v1:bug'): World['right'] => ({
  advice: ['evolve'],
  fingerprint,
});
export const wait: World['right'] = { advice: ['wait'] };
export const ask: World['right'] = { advice: ['ask'] };
export const revert: World['right'] = { advice: ['revert'] };

/** A version before a change and one after it, with enough runs on both. */
export function changed(
  random: Random,
  { before, after, runs = 300 }: { before: Chances; after: Chances; runs?: number },
): SimulatedRun[] {
  const span = { hours: 48, runs: 300 };
  return [
    ...live(random, 'a', { from: 0, chances: before, ...span }),
    ...live(random, 'b', { from: 48, chances: after, ...span, runs }),
  ];
}
