// Scripted Queens: the same repertoire, and as much memory as each is given. No language model.
import { DEFAULT_POLICIES } from '../../../query/base/policies.ts';
import { decide } from '../../../query/questions/evolution-advice/decide.ts';
import {
  factsFrom,
  HOUR,
  type SimulatedEvolution,
  type SimulatedRun,
  START,
} from '../../query/questions/evolution-advice/simulated.ts';
import { seeded } from '../../query/questions/ledger/random.ts';
import {
  BATCH,
  BATCHES,
  type Fix,
  type Graph,
  isHealthy,
  lossOf,
  PROVIDER,
  REPERTOIRE,
  SimulatedAgent,
} from './agent.ts';

/** What a Queen does after a batch. */
type Act = { fix: Fix; group: string } | { back: string } | undefined;

export interface Change extends SimulatedEvolution {
  fix: Fix;
}

/** What there is to be known after a batch. */
export interface Situation {
  agent: SimulatedAgent;
  version: string;
  runs: readonly SimulatedRun[];
  changes: readonly Change[];
  graphs: ReadonlyMap<string, Graph>;
  random: () => number;
  /** Counts that a person was asked. */
  ask(): void;
}

export type Queen = (situation: Situation) => Act;

const FEWEST = 3;

/** Lost runs by group, the most first. */
function lostBy(runs: readonly SimulatedRun[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { lost } of runs) if (lost !== null) counts.set(lost, (counts.get(lost) ?? 0) + 1);
  return [...counts].sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1));
}

const lastBatch = (runs: readonly SimulatedRun[]) => runs.slice(-BATCH.runs);
const anyOf = <One>(random: () => number, all: readonly One[]): One | undefined =>
  all[Math.floor(random() * all.length)];

/** Sees the last batch, and acts on what ended most runs in it. */
export const forgetful: Queen = ({ runs, random }) => {
  const [worst] = lostBy(lastBatch(runs));
  if (!worst || worst[1] < FEWEST) return undefined;
  return { fix: anyOf(random, REPERTOIRE)!, group: worst[0] };
};

/** The same, but leaves a provider's errors alone, and takes back what the next batch is clearly worse with. */
export const careful: Queen = (situation) => {
  const { runs, changes, random } = situation;
  const lost = (batch: readonly SimulatedRun[]) =>
    batch.filter((run) => run.lost !== null && run.lost !== PROVIDER.fingerprint).length;
  const [now, before] = [lastBatch(runs), runs.slice(-2 * BATCH.runs, -BATCH.runs)];
  const last = changes.at(-1);
  const isFresh = last?.status === 'applied' && last.at >= before[0]!.at;
  if (last && isFresh && lost(now) > FEWEST + 1.5 * lost(before)) return { back: last.from };
  const [worst] = lostBy(now).filter(([group]) => group !== PROVIDER.fingerprint);
  if (!worst || worst[1] < FEWEST) return undefined;
  return { fix: anyOf(random, REPERTOIRE)!, group: worst[0] };
};

function untried({ changes, random }: Situation, group: string): Fix | undefined {
  const tried = new Set(changes.filter(({ target }) => target === group).map(({ fix }) => fix));
  return anyOf(
    random,
    REPERTOIRE.filter((fix) => !tried.has(fix)),
  );
}

/** Reads the brief: what ends most runs on the version in use, and what was tried against it. */
export const briefed: Queen = (situation) => {
  const own = situation.runs.filter(({ version }) => version === situation.version);
  const [worst] = lostBy(own);
  if (!worst || worst[1] < FEWEST) return undefined;
  const fix = untried(situation, worst[0]);
  return fix && { fix, group: worst[0] };
};

/** Reads the brief and follows the advice; where a person is asked, that person says to go on. */
export const advised: Queen = (situation) => {
  const { runs, changes, agent, graphs, ask } = situation;
  const now = runs.at(-1)!.at + HOUR / 10;
  const facts = factsFrom({
    runs: [...runs],
    groups: agent.groupsOf([...graphs.values()]),
    evolutions: [...changes],
    now,
  });
  const advice = decide(facts, { agent: 'a', policies: DEFAULT_POLICIES, now: START + now });
  if (advice.advice === 'revert') return { back: advice.revert_to! };
  if (advice.advice === 'wait' || advice.fingerprint === null) return undefined;
  if (advice.advice === 'ask') ask();
  const fix = untried(situation, advice.fingerprint);
  return fix && { fix, group: advice.fingerprint };
};

/** What became of a world. */
export interface Outcome {
  /** Changes until it was healthy, reverts included; all where it never was. */
  evolutions: number;
  is_healthy: boolean;
  /** Batches until it was healthy; all where it never was. */
  batches: number;
  /** Fixes that had already failed against the same group. */
  repeated: number;
  /** Changes of the graph for a provider's outage, or of a healthy graph. */
  needless: number;
  /** Runs lost to faults that fixes brought. */
  harm: number;
  /** Runs lost to any fault. */
  lost: number;
  asked: number;
}

/** Lets a Queen live through a world. */
export function liveThrough(seed: number, queen: Queen): Outcome {
  const agent = new SimulatedAgent(seed);
  const graphs = new Map<string, Graph>([['0', agent.first]]);
  const [runs, changes]: [SimulatedRun[], Change[]] = [[], []];
  const random = seeded(seed * 77);
  const outcome = { repeated: 0, needless: 0, harm: 0, lost: 0, asked: 0 };
  let version = '0';
  let healthyAt: { evolutions: number; batches: number } | undefined;
  let [evolutions, batch] = [0, 0];
  for (; batch < BATCHES; batch += 1) {
    const graph = graphs.get(version)!;
    if (!healthyAt && isHealthy(graph)) healthyAt = { evolutions, batches: batch };
    if (healthyAt && !isHealthy(graph)) healthyAt = undefined;
    runs.push(...agent.run(graph, version, batch));
    outcome.lost += lossOf(graph) * BATCH.runs;
    outcome.harm +=
      lossOf(graph.filter(({ fingerprint }) => fingerprint.includes('/'))) * BATCH.runs;
    const ask = () => {
      outcome.asked += 1;
    };
    const act = queen({ agent, version, runs, changes, graphs, random, ask });
    if (!act) continue;
    evolutions += 1;
    const at = (batch + 1) * BATCH.hours * HOUR;
    if ('back' in act) {
      const last = changes.findLast(({ to }) => to === version);
      if (last) last.status = 'reverted';
      version = act.back;
      continue;
    }
    const { fix, group } = act;
    const outcomeOf = agent.outcomeOf(group, fix);
    const isRepeated = changes.some((one) => one.target === group && one.fix === fix);
    if (isRepeated && outcomeOf !== 'cures') outcome.repeated += 1;
    if (group === PROVIDER.fingerprint || isHealthy(graph)) outcome.needless += 1;
    const to = `${graphs.size}`;
    graphs.set(to, agent.fixed(graph, group, fix));
    changes.push({
      evolution_id: `e${changes.length}`,
      status: 'applied',
      at,
      from: version,
      to,
      target: group,
      fix,
    });
    version = to;
  }
  return {
    ...outcome,
    ...(healthyAt ?? { evolutions, batches: BATCHES }),
    is_healthy: healthyAt !== undefined,
  };
}
