// Makes a failure condition, checking what is given.
import {
  FAILURE_CLASS_VALUES,
  FAILURE_SEVERITY_VALUES,
  FAILURE_SITE_VALUES,
} from '../semconv/attributes.ts';
import type { CheckContext, ConditionOptions, FailureCondition, NodeContext } from './types.ts';

const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;
const MAX_TEXT = 500;
const MAX_HISTORY = 50;
const DEFAULT_HISTORY = 5;

/**
 * A failure that throws nothing: `when` looks at a node's output, or a run's, after it returned.
 *
 * ```ts
 * const answerIsPlaceholder = defineFailureCondition({
 *   name: 'answer_is_placeholder',
 *   class: 'output.silent',
 *   severity: 'major',
 *   when: ({ output }) => String(output).includes('TODO') && { found: 'TODO' },
 *   hint: 'The prompt asks for an outline first: ask for the answer itself.',
 * });
 * ```
 * @throws {TypeError} if an option is wrong; the message names it
 */
export function defineFailureCondition<C extends CheckContext = NodeContext>(
  options: ConditionOptions<C>,
): FailureCondition<C> {
  const { name, when, site, hint, message, history = DEFAULT_HISTORY } = options;
  const known = { class: options.class ?? 'unclassified', severity: options.severity ?? 'major' };
  if (typeof name !== 'string' || !NAME.test(name)) {
    refuse('name', '1 to 64 letters, digits, _ . and -, a letter first', name);
  }
  if (typeof when !== 'function') refuse('when', 'a function', when, name);
  oneOf('class', FAILURE_CLASS_VALUES, known.class, name);
  oneOf('severity', FAILURE_SEVERITY_VALUES, known.severity, name);
  if (site !== undefined) oneOf('site', FAILURE_SITE_VALUES, site, name);
  text('hint', hint, name);
  text('message', message, name);
  if (!Number.isInteger(history) || history < 0 || history > MAX_HISTORY) {
    refuse('history', `a whole number from 0 to ${MAX_HISTORY}`, history, name);
  }
  return Object.freeze({
    name,
    ...known,
    site,
    when,
    hint,
    message: message ?? `failure condition ${name} is met`,
    history,
  });
}

function text(field: string, value: unknown, name: string): void {
  if (value === undefined) return;
  if (typeof value === 'string' && value !== '' && value.length <= MAX_TEXT) return;
  refuse(field, `a text of 1 to ${MAX_TEXT} characters`, value, name);
}

function oneOf(field: string, allowed: readonly string[], value: unknown, name: string): void {
  if (allowed.includes(value as string)) return;
  refuse(field, `one of ${allowed.join(', ')}`, value, name);
}

function refuse(field: string, expected: string, given: unknown, name?: string): never {
  const of = name === undefined ? '' : ` of ${name}`;
  const shown = typeof given === 'string' ? JSON.stringify(given.slice(0, 80)) : typeof given;
  throw new TypeError(`failure condition: ${field}${of} must be ${expected}, got ${shown}`);
}
