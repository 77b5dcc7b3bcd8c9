// What somebody else says of an output: a judge, or a constraint that it has to hold to.
import { isThenable } from '../../core/exception.ts';
import type { CheckContext, FailureCondition, NodeContext, Verdict } from '../types.ts';
import { type LibraryOptions, usual } from './part.ts';

/** What a judge says: whether it accepts, and what it has to say. */
export type Judgement =
  | boolean
  | {
      readonly accepted: boolean;
      readonly feedback?: unknown;
      readonly score?: number | undefined;
    };

type JudgeOptions = Omit<LibraryOptions, 'of'>;

/**
 * Fires if the judge does not accept the output; what it said is the evidence. A judge that asks a model
 * needs more than the usual 250 ms: raise `timeoutMs`. Class `judge.rejected`, major.
 */
export function judgeRejected<C extends CheckContext = NodeContext>(
  judge: (context: C) => Judgement | PromiseLike<Judgement>,
  options: JudgeOptions = {},
): FailureCondition<C> {
  return usual<C>(options, {
    name: 'judge_rejected',
    class: 'judge.rejected',
    site: 'judge',
    message: 'the judge rejects the output',
    when: (context) => {
      const said = judge(context);
      return isThenable(said) ? Promise.resolve(said).then(rejected) : rejected(said);
    },
  });
}

/**
 * Fires if the output does not hold to a constraint: if `holds` gives `false`, or says in words what is
 * wrong. Class `constraint.hard` and major; with `soft` `constraint.soft` and minor.
 */
export function constraintViolated<C extends CheckContext = NodeContext>(
  name: string,
  holds: (context: C) => boolean | string | PromiseLike<boolean | string>,
  options: Omit<JudgeOptions, 'name'> & { readonly soft?: boolean } = {},
): FailureCondition<C> {
  const { soft = false, ...others } = options;
  return usual<C>(others, {
    name,
    class: soft ? 'constraint.soft' : 'constraint.hard',
    severity: soft ? 'minor' : 'major',
    message: `constraint ${name} is violated`,
    when: (context) => {
      const held = holds(context);
      return isThenable(held) ? Promise.resolve(held).then(violated) : violated(held);
    },
  });
}

function rejected(said: Judgement): Verdict {
  if (typeof said === 'boolean') return !said;
  if (typeof said?.accepted !== 'boolean') {
    throw new TypeError('a judge must give true, false, or an object with accepted');
  }
  const { accepted, feedback, score } = said;
  return !accepted && { accepted, feedback, score };
}

function violated(held: boolean | string): Verdict {
  if (typeof held === 'string') return { violation: held };
  return !held;
}
