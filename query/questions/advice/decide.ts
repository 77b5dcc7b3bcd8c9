// From the counts to the advice. Pure; the reasons are in docs/decisions/0014-retry-advice.md.
import { CLASS_FACTS, type ClassFacts } from '../../../instrumentation/semconv/failure-classes.ts';
import type { FailureClass } from '../../../instrumentation/semconv/index.ts';
import { percent } from '../../base/text.ts';
import { exactInterval } from './interval.ts';
import type { Observation } from './observations.ts';
import type { Basis, NodeFacts, RetryAdvice, RetryCounts, Waits } from './question.ts';

/** Retries that a basis needs before it is believed. */
export const NEEDED = 10;
/** A chance that is surely lower is not worth an attempt; one that is surely higher is. */
const WORTH = 0.2;
/** Waits from which on the retries that succeeded can be said to have waited. */
const WAITED_MS = 500;
/** As many failed attempts in a row, over all runs, mean that the node does not work now. */
const DOWN = 5;

export function countNext(basis: Basis, observations: readonly Observation[]): RetryCounts {
  const kinds = observations.map(({ next }) => next);
  const retried = kinds.filter((next) => next.kind === 'retried');
  return {
    basis,
    failures: kinds.length,
    retried: retried.length,
    succeeded: retried.filter(({ ok }) => ok).length,
    not_retried: kinds.filter(({ kind }) => kind === 'none').length,
    pending: kinds.filter(({ kind }) => kind === 'pending').length,
  };
}

/** The waits before the retries that succeeded; null without any. */
export function waitsOf(observations: readonly Observation[]): Waits | null {
  const sorted = observations
    .flatMap(({ next }) => (next.kind === 'retried' && next.ok ? [next.wait_ms] : []))
    .sort((one, other) => one - other);
  if (sorted.length === 0) return null;
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1]!;
  return { median: round(at(0.5)), p90: round(at(0.9)) };
}

/** What is known when the advice is made. */
export interface Known {
  counts: RetryCounts;
  waits: Waits | null;
  class: string | null;
  attempt: number;
  max_attempts: number | undefined;
  node: NodeFacts;
}

type Decision = Pick<
  RetryAdvice,
  'advice' | 'reason' | 'chance' | 'interval' | 'is_retriable' | 'needs_graph_change'
>;

export function decide(known: Known): Decision {
  const { counts, attempt, max_attempts } = known;
  const facts = factsOfClass(known.class);
  const { retried, succeeded } = counts;
  const decided = {
    chance: retried === 0 ? null : succeeded / retried,
    interval: exactInterval(retried, succeeded),
    ...facts,
  };
  const history = historyWords(known, decided.interval);
  if (max_attempts !== undefined && attempt >= max_attempts) {
    const reason = `Attempt ${attempt} of ${max_attempts} was the last one. ${history}`;
    return { advice: 'stop', reason, ...decided };
  }
  const [worth, why] = isWorth(known.class, facts, retried, decided.interval);
  if (!worth) return { advice: 'stop', reason: `${history} ${why}`, ...decided };
  const pause = whyWait(known, facts);
  return {
    advice: pause ? 'back_off' : 'retry',
    reason: [history, why, pause].filter(Boolean).join(' '),
    ...decided,
  };
}

function factsOfClass(name: string | null): ClassFacts {
  return CLASS_FACTS[name as FailureClass] ?? CLASS_FACTS.unclassified;
}

function isWorth(
  name: string | null,
  { is_retriable }: ClassFacts,
  retried: number,
  [low, high]: [number, number],
): [worth: boolean, why: string] {
  if (retried > 0 && high < WORTH) {
    return [false, `Surely less than ${percent(WORTH)}: another attempt is not worth it.`];
  }
  if (retried > 0 && low >= WORTH) return [true, ''];
  const known = name ?? 'of unknown class';
  const default_ = `${name ? `failures of class ${known}` : 'failures of unknown class'} are ${is_retriable ? '' : 'not '}worth a retry by default`;
  return [
    is_retriable,
    retried > 0
      ? `That may be more or less than ${percent(WORTH)}; ${default_}.`
      : `${default_[0]!.toUpperCase()}${default_.slice(1)}.`,
  ];
}

/** Why to wait before the next attempt; '' when there is no reason. */
function whyWait({ waits, node }: Known, facts: ClassFacts): string {
  const usual = waits
    ? `those that succeeded waited ${duration(waits.median)} in the median, nine of ten at most ${duration(waits.p90)}`
    : '';
  if (node.consecutive_failures >= DOWN) {
    return `The node failed ${node.consecutive_failures} times in a row, over all runs: wait${usual && `; ${usual}`}.`;
  }
  if (waits) {
    return waits.median >= WAITED_MS ? `${usual[0]!.toUpperCase()}${usual.slice(1)}.` : '';
  }
  const passes = facts.is_retriable && !facts.needs_graph_change;
  return passes ? 'What fails is outside of the graph and passes with time: wait.' : '';
}

const WHERE: Readonly<Record<Basis, string>> = {
  fingerprint_node_attempt: 'after this failure at this node and attempt',
  fingerprint_node: 'after this failure at this node, at any attempt',
  error_type_node_attempt: 'after this type of error at this node and attempt',
  error_type_node: 'after this type of error at this node, at any attempt',
  class_node: 'after failures of this class at this node',
  class_agent: 'after failures of this class at any node of the agent',
  class_default: '',
};

function historyWords({ counts }: Known, [low, high]: [number, number]): string {
  const { basis, retried, succeeded, not_retried } = counts;
  if (basis === 'class_default') return `Fewer than ${NEEDED} retries are on record.`;
  const never = not_retried > 0 ? ` ${not_retried} more were not retried.` : '';
  return (
    `${succeeded} of ${retried} retries ${WHERE[basis]} succeeded: ${percent(succeeded / retried)}, ` +
    `with 95 % between ${percent(low)} and ${percent(high)}.${never}`
  );
}

const round = (ms: number): number => Math.round(ms * 1000) / 1000;
const duration = (ms: number): string =>
  ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
