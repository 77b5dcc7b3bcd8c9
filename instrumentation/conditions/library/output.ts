// Outputs that are missing, empty, or stand in for one.
import { isEmpty, textIn } from '../text.ts';
import type { CheckContext, FailureCondition } from '../types.ts';
import { type LibraryOptions, part, usual } from './part.ts';

const MAX_PLACEHOLDER = 200;

/** Texts that stand for an output that never came; matched against the whole, trimmed text. */
const PLACEHOLDERS: readonly RegExp[] = [
  /^\W*(?:todo|tbd|tba|fixme|placeholder|n\/?a|none|null|nil|undefined|unknown|nan|empty)\W*$/i,
  /^(?:\[|<|\{\{?|\()\s*(?:insert|your|enter|add|placeholder|todo)(?![a-z])[^\]>})]*(?:\]|>|\}\}?|\))$/i,
  /^lorem ipsum\b/i,
  /^(?:\.{3,}|…+|-+|_+|\?+|x{3,})$/i,
  /^\[object \w+\]$/,
];

/** Fires if there is no output at all: `undefined` or `null`. Class `output.missing`, major. */
export function outputMissing<C extends CheckContext = CheckContext>(
  options: LibraryOptions<C> = {},
): FailureCondition<C> {
  return usual<C>(options, {
    name: 'output_missing',
    class: 'output.missing',
    message: 'the output is missing',
    history: 0,
    when: (context) => (part(options, context) ?? undefined) === undefined,
  });
}

/**
 * Fires if there is nothing in the output: nothing at all, blank text, or lists and plain objects of
 * nothing else. Class `output.silent`, major.
 */
export function outputEmpty<C extends CheckContext = CheckContext>(
  options: LibraryOptions<C> = {},
): FailureCondition<C> {
  return usual<C>(options, {
    name: 'output_empty',
    class: 'output.silent',
    message: 'the output is empty',
    history: 0,
    when: (context) => isEmpty(part(options, context)),
  });
}

/** Options of {@link outputPlaceholder}. */
export interface PlaceholderOptions<C extends CheckContext = CheckContext>
  extends LibraryOptions<C> {
  /** Matched against the whole text, besides the usual ones. */
  readonly patterns?: readonly RegExp[];
}

/**
 * Fires if all texts in the output stand in for one: `TODO`, `N/A`, `[insert name]`, `...`, lorem ipsum
 * and what `patterns` say. Texts longer than 200 characters are none, unless one of `patterns` matches.
 * Class `output.silent`, major.
 */
export function outputPlaceholder<C extends CheckContext = CheckContext>(
  options: PlaceholderOptions<C> = {},
): FailureCondition<C> {
  const { patterns = [], ...others } = options;
  return usual<C>(others, {
    name: 'output_placeholder',
    class: 'output.silent',
    message: 'the output is a placeholder',
    history: 0,
    when: (context) => {
      const text = textIn(part(options, context), 4000).trim();
      const found = patterns.find((pattern) => new RegExp(pattern, unsticky(pattern)).test(text));
      if (found) return { text: text.slice(0, MAX_PLACEHOLDER), pattern: String(found) };
      if (text === '' || text.length > MAX_PLACEHOLDER) return false;
      const isOne = text
        .split('\n')
        .every((line) => PLACEHOLDERS.some((each) => each.test(line.trim())));
      return isOne && { text };
    },
  });
}

/** With `g` or `y` a pattern would remember where it stopped. */
function unsticky({ flags }: RegExp): string {
  return flags.replace(/[gy]/g, '');
}
