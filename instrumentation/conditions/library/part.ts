// Options of all conditions of the library.
import { defineFailureCondition } from '../define.ts';
import type { CheckContext, ConditionOptions, FailureCondition } from '../types.ts';

/** Options of every condition of the library. */
export interface LibraryOptions<C extends CheckContext = CheckContext> {
  /** The part of the output that is meant. @default the whole output */
  readonly of?: ((context: C) => unknown) | undefined;
  readonly name?: string | undefined;
  readonly class?: ConditionOptions['class'];
  readonly severity?: ConditionOptions['severity'];
  readonly hint?: string | undefined;
  readonly message?: string | undefined;
}

type Usual<C extends CheckContext> = Omit<ConditionOptions<C>, 'name'> & { readonly name: string };

/** A condition of the library with what its user wants otherwise. */
export function usual<C extends CheckContext>(
  options: LibraryOptions<C>,
  condition: Usual<C>,
): FailureCondition<C> {
  const { of: _, ...others } = options;
  const given = Object.entries(others).filter(([, value]) => value !== undefined);
  return defineFailureCondition<C>({ ...condition, ...Object.fromEntries(given) });
}

/** The part of the output that is meant. */
export function part<C extends CheckContext>({ of }: LibraryOptions<C>, context: C): unknown {
  return of ? of(context) : context.output;
}
