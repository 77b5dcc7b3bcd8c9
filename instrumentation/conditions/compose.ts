// Builds the `when` of a condition out of others.
import { isThenable } from '../core/exception.ts';
import type { Check, CheckContext, Evidence, FailureCondition, Verdict } from './types.ts';

/** A condition, or just its question. */
type Part<C extends CheckContext> = Check<C> | FailureCondition<C>;

/**
 * Fires if every part does; asks one after the other and stops at the first that does not. Its evidence
 * is that of the parts by their names.
 *
 * ```ts
 * const lostAnswer = defineFailureCondition({
 *   name: 'lost_answer',
 *   class: 'output.silent',
 *   when: all(outputEmpty(), not(({ input }) => input === '')),
 * });
 * ```
 */
export function all<C extends CheckContext>(...parts: Part<C>[]): Check<C> {
  const ask = (context: C, from: number, found: Named[]): Verdict | PromiseLike<Verdict> => {
    for (let index = from; index < parts.length; index += 1) {
      const part = parts[index]!;
      const verdict = checkOf(part)(context);
      if (isThenable(verdict)) {
        return Promise.resolve(verdict).then((late) =>
          late ? ask(context, index + 1, [...found, named(part, index, late)]) : false,
        );
      }
      if (!verdict) return false;
      found.push(named(part, index, verdict));
    }
    return parts.length > 0 && gathered(found);
  };
  return (context) => ask(context, 0, []);
}

/** Fires if one part does; asks one after the other and stops at the first that does. */
export function any<C extends CheckContext>(...parts: Part<C>[]): Check<C> {
  const ask = (context: C, from: number): Verdict | PromiseLike<Verdict> => {
    for (let index = from; index < parts.length; index += 1) {
      const part = parts[index]!;
      const verdict = checkOf(part)(context);
      if (isThenable(verdict)) {
        return Promise.resolve(verdict).then((late) =>
          late ? gathered([named(part, index, late)]) : ask(context, index + 1),
        );
      }
      if (verdict) return gathered([named(part, index, verdict)]);
    }
    return false;
  };
  return (context) => ask(context, 0);
}

/** Fires if the part does not. */
export function not<C extends CheckContext>(part: Part<C>): Check<C> {
  return (context) => {
    const verdict = checkOf(part)(context);
    return isThenable(verdict) ? Promise.resolve(verdict).then((late) => !late) : !verdict;
  };
}

type Named = readonly [name: string, evidence: Evidence | true];

function checkOf<C extends CheckContext>(part: Part<C>): Check<C> {
  return typeof part === 'function' ? part : part.when;
}

function named<C extends CheckContext>(part: Part<C>, index: number, verdict: Verdict): Named {
  const name = typeof part === 'function' ? part.name || `part ${index + 1}` : part.name;
  return [name, verdict as Evidence | true];
}

function gathered(found: readonly Named[]): Evidence {
  return Object.fromEntries(found);
}
