// From what is known to the advice. Pure; the reasons are in docs/decisions/0050-evolution-advice.md.
import { quoteId } from '../../base/quote.ts';
import { percent } from '../../base/text.ts';
import type { Block } from '../ledger/clustering.ts';
import {
  adviseOnChange,
  type Change,
  type Decision,
  describeChange,
  looksWorse,
} from './change.ts';
import { highest, lostIn } from './lost-runs.ts';
import { adviseProblem, LASTING_MS, later, type Problem, type Terms } from './problem.ts';
import type { AdvisedProblem, EvolutionAdvice } from './question.ts';

/** Runs on another version after which a change that has none was hardly put to use. */
const NOT_DEPLOYED = 50;

/** What is known of an agent. */
export interface Facts {
  /** The version in use, and its runs by time; `failed` are those lost for any reason. */
  version: { graph_snapshot_ref: string; last_run: string | null; blocks: readonly Block[] };
  /** All failures on record. */
  failures: number;
  change: Change | null;
  /** An evolution that no run has met yet, and the runs that came since on another version. */
  not_run: { evolution_id: string; timestamp: string; runs_since: number } | null;
  /** Evolutions of the last 24 hours. */
  evolutions_today: number;
  /** Problems of the version in use that nobody resolved or ignored. */
  problems: readonly Problem[];
}

export function decide(facts: Facts, terms: Terms): EvolutionAdvice {
  const { version, change } = facts;
  const onChange = change ? adviseOnChange(change, terms) : undefined;
  const awaited = onChange?.because === 'change_not_judged' ? change!.evolution_id : null;
  const considered = facts.problems
    .map((problem) => adviseProblem(withoutAwaited(problem, awaited), terms))
    .sort(
      (one, other) =>
        other.lost.runs_lost - one.lost.runs_lost || (one.fingerprint < other.fingerprint ? -1 : 1),
    );
  const decision =
    withoutRuns(facts, terms) ??
    notRun(facts, terms) ??
    (onChange && isOvertaken(onChange, facts, considered) ? undefined : onChange) ??
    onProblems(facts, considered, terms);
  return {
    agent_id: terms.agent,
    fingerprint: null,
    revert_to: null,
    ...decision,
    version: {
      graph_snapshot_ref: version.graph_snapshot_ref,
      last_run: version.last_run,
      ...lostIn(version.blocks),
    },
    change: change && describeChange(change),
    considered,
  };
}

/**
 * Whether another problem ends surely more runs than what a verdict is awaited on did before: it need not wait,
 * for later versions count for the verdict as well.
 */
function isOvertaken(
  { because, fingerprint }: Decision,
  { change }: Facts,
  considered: readonly AdvisedProblem[],
): boolean {
  if (because !== 'change_not_judged' || !change || looksWorse(change)) return false;
  const target = change.effects.find((one) => one.fingerprint === fingerprint);
  const [worst] = considered;
  return (
    target !== undefined &&
    worst?.advice === 'evolve' &&
    worst.fingerprint !== fingerprint &&
    worst.lost.interval[0] > target.before.failed_runs / target.before.runs
  );
}

/** A fix whose runs are still awaited has not failed. */
function withoutAwaited(problem: Problem, awaited: string | null): Problem {
  const fixes = problem.fixes.filter(
    ({ evolution_id, verdict }) => evolution_id !== awaited || verdict !== 'insufficient_exposure',
  );
  return { ...problem, fixes };
}

function withoutRuns({ version, failures }: Facts, terms: Terms): Decision | undefined {
  if (version.blocks.length > 0) return undefined;
  return {
    advice: 'wait',
    because: 'no_runs',
    reason:
      `No run that ended is on record in the last 30 days, only ${failures} failures: without runs there is no share ` +
      'to judge by. Record runs, as with execute_graph spans.',
    again: { after_runs: terms.policies.fewest_runs_lost, ...later(terms, LASTING_MS) },
  };
}

function notRun({ not_run }: Facts, terms: Terms): Decision | undefined {
  if (!not_run) return undefined;
  const { evolution_id, runs_since } = not_run;
  const isLost = runs_since >= NOT_DEPLOYED;
  return {
    advice: isLost ? 'ask' : 'wait',
    because: 'change_not_run',
    reason:
      `Evolution ${quoteId(evolution_id)} is on record as applied, but no run has met it` +
      (runs_since > 0 ? `: ${runs_since} runs since were on another version.` : '.') +
      (isLost ? ' Look whether it was put to use; if not, record it as reverted.' : ''),
    again: { after_runs: 1, ...later(terms, LASTING_MS) },
  };
}

/** The problem that ended most runs and has something to be done about decides; without one, why to wait. */
function onProblems(facts: Facts, considered: readonly AdvisedProblem[], terms: Terms): Decision {
  const acting = considered.find(({ advice }) => advice !== 'wait');
  if (
    acting?.advice === 'evolve' &&
    facts.evolutions_today >= terms.policies.max_evolutions_per_day
  ) {
    return {
      advice: 'ask',
      because: 'many_evolutions',
      reason:
        `${facts.evolutions_today} evolutions in the last 24 hours; policies allow ` +
        `${terms.policies.max_evolutions_per_day} by themselves. ${named(acting)}`,
      fingerprint: acting.fingerprint,
      again: { after_runs: null, ...later(terms, LASTING_MS) },
    };
  }
  if (acting) return decisionOf(acting);
  const unexplained = lostWithoutFailure(facts, considered, terms);
  if (unexplained) return unexplained;
  const [first] = considered;
  if (first) return decisionOf(considered.find(({ lost }) => lost.runs_lost > 0) ?? first);
  const { runs, runs_lost, interval } = lostIn(facts.version.blocks);
  return {
    advice: 'wait',
    because: 'tolerable',
    reason: `Nothing ends runs of the version in use: ${runs_lost} of ${runs} runs lost (at most ${percent(interval[1])}).`,
    again: {
      after_runs: Math.max(terms.policies.fewest_runs_lost, runs),
      ...later(terms, LASTING_MS),
    },
  };
}

const named = ({ fingerprint, reason }: AdvisedProblem): string =>
  `The first problem is ${quoteId(fingerprint)}. ${reason}`;

function decisionOf(problem: AdvisedProblem): Decision {
  const { advice, because, fingerprint, node_id, error_type, again } = problem;
  const where = node_id === '' ? '' : ` at ${quoteId(node_id)}`;
  return {
    advice,
    because,
    fingerprint,
    reason: `${quoteId(error_type || 'error')}${where}: ${problem.reason}`,
    again,
  };
}

/** Runs that fail while no failure says why. */
function lostWithoutFailure(
  { version }: Facts,
  considered: readonly AdvisedProblem[],
  { policies }: Terms,
): Decision | undefined {
  const { runs_lost, runs } = lostIn(version.blocks);
  const explained = considered.reduce((total, { lost }) => total + lost.runs_lost, 0);
  const isMost = runs_lost - explained > runs_lost / 2;
  const worst = highest(version.blocks);
  if (
    !isMost ||
    runs_lost < policies.fewest_runs_lost ||
    worst.interval[0] <= policies.tolerated_share
  ) {
    return undefined;
  }
  return {
    advice: 'ask',
    because: 'unexplained',
    reason: `${runs_lost} of ${runs} runs of the version in use were lost, ${explained} of them with a failure on record that says why.`,
    again: { after_runs: null, at: null },
  };
}
