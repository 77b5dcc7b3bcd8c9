// What one problem of the version in use asks for by itself. Pure; the reasons are in
// docs/decisions/0050-evolution-advice.md.
import { CLASS_FACTS } from '../../../instrumentation/semconv/failure-classes.ts';
import type { FailureClass } from '../../../instrumentation/semconv/index.ts';
import { type Policies, ruleFor } from '../../base/policies.ts';
import { quoteId } from '../../base/quote.ts';
import { percent } from '../../base/text.ts';
import { type Block, burstsIn, NOTABLE } from '../ledger/clustering.ts';
import { type Outage, outside } from '../ledger/outages.ts';
import type { Verdict } from '../ledger/schemas.ts';
import { hasEnded, highest, lostIn, runsSinceLoss, runsUntilSure } from './lost-runs.ts';
import type { AdvisedProblem, Again } from './question.ts';

const HOUR_MS = 3_600_000;
/** What passes by itself is no matter for the graph before it has lasted so long. */
export const LASTING_MS = 24 * HOUR_MS;
/** When to look again at an outage that goes on. */
const SOON_MS = HOUR_MS;

/** What is known of a problem. */
export interface Problem {
  fingerprint: string;
  node_id: string;
  error_type: string;
  class: string;
  /** Whether each failure was retried or recovered, and no run was lost. */
  is_recovered: boolean;
  /** Runs of the version in use by time; `failed` are those that it ended. */
  blocks: readonly Block[];
  /** Bursts that others had as well. */
  outages: readonly Outage[];
  /** Judged evolutions that target it, the newest first. */
  fixes: readonly { evolution_id: string; verdict: Verdict }[];
}

export interface Terms {
  agent: string;
  policies: Policies;
  /** Milliseconds since 1970. */
  now: number;
}

type Finding = Pick<AdvisedProblem, 'advice' | 'because' | 'reason'> & { again?: Partial<Again> };

/** The advice on one problem, as if there were no other. */
export function adviseProblem(problem: Problem, terms: Terms): AdvisedProblem {
  const { fingerprint, node_id, error_type } = problem;
  const lost = lostIn(problem.blocks);
  const { again, ...finding } = findingOf(problem, terms);
  return {
    fingerprint,
    node_id,
    error_type,
    class: problem.class,
    ...finding,
    lost,
    failed_fixes: failedFixes(problem),
    again: { after_runs: null, at: null, ...again },
  };
}

function findingOf(problem: Problem, terms: Terms): Finding {
  const { policies } = terms;
  const own = outside(problem.blocks, problem.outages);
  const lost = lostIn(own);
  const waiting = whyWait(problem, own, terms);
  if (waiting) return waiting;
  const limits = { tolerated: policies.tolerated_share, fewest: policies.fewest_runs_lost };
  const worst = highest(own);
  if (worst.runs_lost < limits.fewest || worst.interval[0] <= limits.tolerated) {
    const [, high] = lost.interval;
    const counted = `${lost.runs_lost} of ${lost.runs} runs lost`;
    if (high < limits.tolerated) {
      return {
        advice: 'wait',
        because: 'tolerable',
        reason: `${counted}: surely less than the ${percent(limits.tolerated)} that are tolerated.`,
        again: later(terms, LASTING_MS),
      };
    }
    return {
      advice: 'wait',
      because: 'too_few_runs',
      reason: `${counted}: too few to say that it ends more than ${percent(limits.tolerated)} of them.`,
      again: { after_runs: runsUntilSure(lost, limits), ...later(terms, LASTING_MS) },
    };
  }
  const [low, high] = worst.interval;
  const words =
    `It ended ${worst.runs_lost} of ${worst.runs === lost.runs ? '' : 'the last '}${worst.runs} runs of the version in use: ` +
    `${percent(worst.share!)}, with 99 % between ${percent(low)} and ${percent(high)}.`;
  return whyAsk(problem, terms, words) ?? { advice: 'evolve', because: 'ends_runs', reason: words };
}

/** Why a change of the graph would be of no use now, whatever the share. */
function whyWait(problem: Problem, own: readonly Block[], terms: Terms): Finding | undefined {
  const lost = lostIn(own);
  if (problem.is_recovered) {
    return {
      advice: 'wait',
      because: 'recovers',
      reason: 'Retries recover it and it ended no run: leave it.',
      again: later(terms, LASTING_MS),
    };
  }
  const inOutages = lostIn(problem.blocks).runs_lost - lost.runs_lost;
  if (lost.runs_lost < terms.policies.fewest_runs_lost && inOutages > 0) {
    const agents = [...new Set(problem.outages.flatMap((one) => one.agents))].filter(Boolean);
    const others = agents.length > 0 ? agents.slice(0, 3).map(quoteId).join(', ') : 'other nodes';
    return {
      advice: 'wait',
      because: 'outage',
      reason:
        `${inOutages} of its ${inOutages + lost.runs_lost} lost runs fall into an outage that ${others} had as well: ` +
        'no change of this graph mends it.',
      again: later(terms, SOON_MS),
    };
  }
  if (lost.runs_lost === 0) return undefined;
  const { is_retriable, needs_graph_change } = factsOf(problem);
  const isTransient = is_retriable && !needs_graph_change;
  if (isTransient && !isSteady(own)) {
    return {
      advice: 'wait',
      because: 'passes_by_itself',
      reason:
        `${lost.runs_lost} of ${lost.runs} runs lost, within ${burstWords(own)}: what has class ` +
        `${quoteId(problem.class)} passes by itself, and has not lasted for ${LASTING_MS / HOUR_MS} hours.`,
      again: later(terms, SOON_MS),
    };
  }
  if (!hasEnded(own)) return undefined;
  return {
    advice: 'wait',
    because: 'ended',
    reason: `${lost.runs_lost} of ${lost.runs} runs lost, but none of the last ${runsSinceLoss(own)}: it is over for now.`,
    again: later(terms, LASTING_MS),
  };
}

/** Whether runs were lost all the time for long: then the graph has to live with it. */
function isSteady(blocks: readonly Block[]): boolean {
  const bad = blocks.filter(({ failed }) => failed > 0);
  const lasting = bad.length > 1 ? bad.at(-1)!.since - bad[0]!.since : 0;
  return lasting >= LASTING_MS && lostIn(blocks).design_effect < NOTABLE;
}

function burstWords(blocks: readonly Block[]): string {
  const bursts = burstsIn(blocks);
  const longest = Math.max(0, ...bursts.map(({ since, until }) => until - since));
  return `${bursts.length === 1 ? 'a burst' : `${bursts.length} bursts`} of up to ${(longest / HOUR_MS).toFixed(1)} hours`;
}

const ASKED_FOR: Readonly<Record<string, 'outside' | 'budget' | 'safety'>> = {
  'llm.auth': 'outside',
  'llm.payment_required': 'budget',
  'tool.auth': 'outside',
  'data.error': 'outside',
  'config.error': 'outside',
  'budget.cost': 'budget',
  'budget.tokens': 'budget',
  'budget.time': 'budget',
  'llm.content_filter': 'safety',
  'constraint.hard': 'safety',
  'judge.escalated': 'safety',
};
const WHY_ASK = {
  outside: 'needs somebody to act outside of the graph: a key, a setting, data',
  budget: 'is a matter of money or limits, which a person decides',
  safety: 'is a matter of safety, which a person decides',
};

function whyAsk(problem: Problem, { agent, policies }: Terms, words: string): Finding | undefined {
  const { node_id: node, class: failureClass } = problem;
  const may = ruleFor(policies, { agent, node, failureClass });
  if (may === 'ask' || may === 'wait') {
    return {
      advice: may,
      because: 'policy',
      reason: `${words} A policy says ${may} for node ${quoteId(node)} and class ${quoteId(failureClass)}.`,
    };
  }
  const kind = Object.hasOwn(ASKED_FOR, failureClass) ? ASKED_FOR[failureClass] : undefined;
  if (kind && may !== 'evolve') {
    return {
      advice: 'ask',
      because: kind,
      reason: `${words} Class ${quoteId(failureClass)} ${WHY_ASK[kind]}.`,
    };
  }
  const failed = failedFixes(problem);
  if (failed < policies.max_failed_fixes) return undefined;
  return {
    advice: 'ask',
    because: 'failed_fixes',
    reason: `${words} ${failed} evolutions did not end it: another one by itself is not worth its runs.`,
  };
}

/** Fixes since the last one that helped. */
function failedFixes({ fixes }: Problem): number {
  const helped = fixes.findIndex(({ verdict }) => verdict === 'effective');
  return helped === -1 ? fixes.length : helped;
}

export const factsOf = ({ class: name }: Pick<Problem, 'class'>) =>
  CLASS_FACTS[name as FailureClass] ?? CLASS_FACTS.unclassified;

/** When to ask again. */
export const later = ({ now }: Pick<Terms, 'now'>, ms: number): { at: string } => ({
  at: new Date(now + ms).toISOString(),
});
