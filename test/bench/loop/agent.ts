// A simulated agent with planted faults: what a fix from the repertoire does to one is fixed by the seed and
// found out only by running.

import {
  HOUR,
  type SimulatedGroup,
  type SimulatedRun,
  START,
} from '../../query/questions/evolution-advice/simulated.ts';
import { seeded } from '../../query/questions/ledger/random.ts';

/** What a Queen can do about any fault. */
export const REPERTOIRE = [
  'retry',
  'prompt',
  'schema',
  'fallback',
  'validate',
  'timeout',
  'route',
  'model',
] as const;
export type Fix = (typeof REPERTOIRE)[number];
/** Runs of one batch, and the hours that they take; after each batch a Queen may act. */
export const BATCH = { runs: 60, hours: 6 };
export const BATCHES = 40;

interface Fault {
  fingerprint: string;
  class: string;
  /** Share of runs that it ends. */
  rate: number;
}

/** What a version of the graph is made of: the rate of each fault in it. */
export type Graph = readonly Fault[];

const CLASSES = ['code.error', 'output.invalid', 'tool.invalid_arguments', 'graph.condition_error'];
const CURES = 0.2;
const HARMS = 0.2;
/** A graph is healthy when each fault ends a smaller share of runs than this, what policies tolerate by default. */
const HEALTHY = 0.01;

export class SimulatedAgent {
  readonly #seed: number;
  readonly #outages: (readonly [number, number])[];
  readonly first: Graph;

  constructor(seed: number) {
    this.#seed = seed;
    const random = seeded(seed);
    const faults = 1 + Math.floor(random() * 4);
    this.first = Array.from({ length: faults }, (_, index) => ({
      fingerprint: `v1:${index}`,
      class: CLASSES[Math.floor(random() * CLASSES.length)]!,
      rate: 0.05 + 0.25 * random(),
    }));
    const hours = BATCHES * BATCH.hours;
    this.#outages = Array.from({ length: Math.round(hours / 48) }, () => {
      const start = random() * hours;
      return [start, start + 0.5 + 1.5 * random()] as const;
    });
  }

  /** What the graph is after a fix of one group. */
  fixed(graph: Graph, fingerprint: string, fix: Fix): Graph {
    const outcome = this.outcomeOf(fingerprint, fix);
    if (outcome === 'cures') {
      return graph.map((one) =>
        one.fingerprint === fingerprint ? { ...one, rate: one.rate * 0.02 } : one,
      );
    }
    if (outcome === 'nothing') return graph;
    const side = `${fingerprint}/${fix}`;
    const rate = 0.1 + 0.2 * this.#chance(`${side} rate`);
    const others = graph.filter((one) => one.fingerprint !== side);
    return [...others, { fingerprint: side, class: 'output.invalid', rate }];
  }

  outcomeOf(fingerprint: string, fix: Fix): 'cures' | 'harms' | 'nothing' {
    // Nothing in the graph ends an outage.
    if (fingerprint === PROVIDER.fingerprint) return 'nothing';
    const surely = REPERTOIRE[Math.floor(this.#chance(fingerprint) * REPERTOIRE.length)];
    const dice = this.#chance(`${fingerprint} ${fix}`);
    if (fix === surely || dice < CURES) return 'cures';
    // A side effect of a side effect is left out, or graphs would never end.
    return dice > 1 - HARMS && !fingerprint.includes('/') ? 'harms' : 'nothing';
  }

  /** The same chance for the same word in the same world, whoever asks. */
  #chance(word: string): number {
    let hash = this.#seed;
    for (const letter of word) hash = Math.imul(hash ^ letter.codePointAt(0)!, 0x01000193);
    return seeded(hash)();
  }

  /** The runs of one batch: two Queens with the same graph see the same ones. */
  run(graph: Graph, version: string, batch: number): SimulatedRun[] {
    const random = seeded(this.#seed * 1000 + batch);
    const start = batch * BATCH.hours;
    return Array.from({ length: BATCH.runs }, (_, place): SimulatedRun => {
      const at = start + ((place + random()) * BATCH.hours) / BATCH.runs;
      const [inOutage, dice] = [random() < 0.85, random()];
      const isOut = this.#outages.some(([from, until]) => at >= from && at < until);
      const reset = random() < 0.05 ? { recovered: RESETS.fingerprint } : {};
      const lost = isOut && inOutage ? PROVIDER.fingerprint : faultOf(graph, dice);
      return { at: at * HOUR, version, lost, ...reset };
    });
  }

  /** All groups that there can be, as the store would know them. */
  groupsOf(graphs: readonly Graph[]): SimulatedGroup[] {
    const faults = new Map(graphs.flat().map((one) => [one.fingerprint, one.class]));
    const elsewhere = this.#outages.flatMap(([from, until]) =>
      Array.from({ length: Math.ceil((until - from) * 8) }, (_, place) => ({
        since: START + (from + place / 8) * HOUR,
        failed_runs: 1,
        agents: ['other'],
      })),
    );
    return [
      ...[...faults].map(([fingerprint, name]) => ({ fingerprint, class: name })),
      { ...PROVIDER, elsewhere },
      RESETS,
    ];
  }
}

/** Share of runs that a graph loses to its faults. */
export const lossOf = (graph: Graph): number => graph.reduce((sum, { rate }) => sum + rate, 0);
export const isHealthy = (graph: Graph): boolean => graph.every(({ rate }) => rate < HEALTHY);

export const PROVIDER = { fingerprint: 'v1:provider', class: 'llm.unavailable' };
const RESETS = { fingerprint: 'v1:resets', class: 'network.error' };

function faultOf(graph: Graph, dice: number): string | null {
  let left = dice;
  for (const { fingerprint, rate } of graph) {
    if (left < rate) return fingerprint;
    left -= rate;
  }
  return null;
}
