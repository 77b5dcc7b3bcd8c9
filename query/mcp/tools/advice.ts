// evolution_advice.
import { z } from 'zod';
import { quoteId } from '../../base/quote.ts';
import {
  type AdvisedProblem,
  evolutionAdvice as adviceQuestion,
} from '../../questions/evolution-advice/question.ts';
import { excerpt } from '../data.ts';
import { type NextStep, tool } from '../tool.ts';
import { filters } from './fields.ts';

const MOST_PROBLEMS = 5;

const asked = adviceQuestion.output.shape;

const line = (problem: AdvisedProblem): string =>
  `- ${problem.advice}: ${quoteId(problem.error_type || 'error')} at ${quoteId(problem.node_id || 'graph')}, ended ` +
  `${problem.lost.runs_lost} of ${problem.lost.runs} runs, ${quoteId(problem.fingerprint)}`;

export const evolutionAdvice = tool({
  name: 'evolution_advice',
  title: 'Evolution advice',
  description:
    'Whether to change an agent now: evolve (which group), wait (too few runs, an outage, what recovers), ' +
    'revert (the last change harms) or ask a person, with numbers and when to ask again. Call it before ' +
    'you change an agent.',
  input: z.strictObject({ agent: filters.agent }),
  output: z.object({
    advice: asked.advice,
    because: asked.because,
    reason: z.string(),
    fingerprint: asked.fingerprint,
    revert_to: asked.revert_to,
    again: asked.again,
  }),
  async ask(history, { agent }) {
    const { considered, ...answer } = await history.evolutionAdvice(agent);
    const { advice, because, fingerprint, revert_to, again } = answer;
    const reason = excerpt(answer.reason, 1000);
    const ways = [
      again.after_runs === null ? '' : `after ${again.after_runs} more runs`,
      again.at === null ? '' : `at ${again.at.slice(0, 19)}Z`,
    ].filter(Boolean);
    return {
      // The reason is our own text, in which all that came from outside is quoted.
      text: [
        `**${advice}** (${because}): ${answer.reason}`,
        ...(ways.length > 0 ? [`Ask again ${ways.join(', or ')}.`] : []),
        ...considered.slice(0, MOST_PROBLEMS).map(line),
      ].join('\n'),
      data: { advice, because, reason, fingerprint, revert_to, again },
      next: nextOf(agent, advice, fingerprint),
    };
  },
});

function nextOf(agent: string, advice: string, fingerprint: string | null): NextStep[] {
  if (advice !== 'evolve' || fingerprint === null) return [];
  return [
    {
      tool: 'failure_brief',
      arguments: { agent },
      why: 'shows what was tried and must not be tried again',
    },
    { tool: 'get_failure_group', arguments: { fingerprint }, why: 'shows the problem' },
  ];
}
