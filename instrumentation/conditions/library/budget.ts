// Budgets: what an attempt, or a whole run, used up beyond what it may.
import type { CheckContext, FailureCondition, Usage } from '../types.ts';
import { type LibraryOptions, usual } from './part.ts';

type BudgetOptions = Omit<LibraryOptions, 'of'>;

/** Fires if more was paid than `most`, in the currency of `recordUsage`. Class `budget.cost`, major. */
export function costBudget(
  most: number,
  options: BudgetOptions = {},
): FailureCondition<CheckContext> {
  return budget(most, options, 'cost', 'budget.cost', ({ usage }) => usage.cost);
}

/** Fires if more tokens went in and out than `most`. Class `budget.tokens`, major. */
export function tokenBudget(
  most: number,
  options: BudgetOptions = {},
): FailureCondition<CheckContext> {
  const used = ({ inputTokens, outputTokens }: Usage) => inputTokens + outputTokens;
  return budget(most, options, 'token', 'budget.tokens', ({ usage }) => used(usage));
}

/** Fires if it took more milliseconds than `mostMs`. Class `budget.time`, major. */
export function timeBudget(
  mostMs: number,
  options: BudgetOptions = {},
): FailureCondition<CheckContext> {
  return budget(mostMs, options, 'time', 'budget.time', ({ durationMs }) => Math.round(durationMs));
}

/** Fires if more tools were called than `most`. Class `loop.max_iterations`, major. */
export function toolCallBudget(
  most: number,
  options: BudgetOptions = {},
): FailureCondition<CheckContext> {
  return budget(most, options, 'tool_call', 'loop.max_iterations', ({ usage }) => usage.toolCalls);
}

function budget(
  most: number,
  options: BudgetOptions,
  kind: string,
  why: NonNullable<LibraryOptions['class']>,
  used: (context: CheckContext) => number,
): FailureCondition<CheckContext> {
  if (!Number.isFinite(most) || most < 0) {
    throw new TypeError(
      `failure condition: the ${kind} budget must be a number from 0, got ${most}`,
    );
  }
  return usual(options, {
    name: `${kind}_budget_exceeded`,
    class: why,
    site: 'budget',
    message: `the ${kind.replace('_', ' ')} budget is exceeded`,
    history: 0,
    when: (context) => {
      const spent = used(context);
      return spent > most && { used: spent, most };
    },
  });
}
