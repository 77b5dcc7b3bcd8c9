// Places in what is sent, written as paths: `input.customer.name`, `input.lines[*].text`, `**.ssn`.
import { markOf } from './match.ts';

/** What is sent of a failure, and of graphs: a path begins with one of them, or with `**` for each. */
export const FIELDS = ['input', 'state', 'evidence', 'message', 'stacktrace', 'graph'] as const;

/** One key of a path, and what follows it. */
export interface Step {
  /** `undefined` stands for any key and any place in a list. */
  readonly name: string | undefined;
  /** Whether it may also lie deeper. */
  readonly deep: boolean;
  readonly next: Step | undefined;
  /** What shows that a text quotes the last name from here on; `undefined` if only `*` and numbers follow. */
  readonly quoted: RegExp | undefined;
}

/** The kind under which removed values are counted, and what stands in their place. */
export const DENIED = 'denied';
export const MARK = markOf(DENIED);

const TOKEN =
  /(?:^|\.)(?:(?<deep>\*\*)|(?<any>\*)|(?<name>[^\s.,[\]"'*]+))|\[(?:(?<every>\*)|(?<index>\d+)|(?<quote>["'])(?<text>(?:\\["'\\]|(?!\k<quote>)[^\\])*)\k<quote>)\]/y;

/**
 * The first steps of a list of paths.
 * @param option named by the error
 * @throws {TypeError} if it is no list of paths
 */
export function parsePaths(paths: unknown, option: string): Step[] {
  if (paths === undefined) return [];
  if (!Array.isArray(paths)) throw new TypeError(`${option} must be a list of paths`);
  return paths.map((path) => parsePath(path, option));
}

/**
 * The first step of a path.
 * @param option named by the error
 * @throws {TypeError} if it is no path
 */
export function parsePath(path: unknown, option: string): Step {
  const wrong = (why: string) => new TypeError(`${option}: ${JSON.stringify(path)} ${why}`);
  if (typeof path !== 'string') throw wrong('is no text');
  const keys = keysOf(path);
  if (typeof keys === 'number') {
    throw wrong(`is no path at ${keys}; expected keys as in a.b, a[*], a["b c"], *.a and **.a`);
  }
  const first = keys[0];
  if (!first?.deep && !FIELDS.some((field) => field === first?.name)) {
    throw wrong(`must begin with one of ${FIELDS.join(', ')} or **`);
  }
  // Behind a `**` in front comes what lies in any of the fields, not the field itself.
  if (first?.deep) keys.unshift({ name: undefined, deep: false });
  return keys.reduceRight<Step | undefined>((next, key) => {
    const name = /\D/.test(key.name ?? '') ? key.name : undefined;
    const quoted = next?.quoted ?? (name === undefined ? undefined : quotedKey(name));
    return { ...key, next, quoted };
  }, undefined)!;
}

/** The steps that are left below a key, and whether one of the paths ends there. */
export function below(
  steps: readonly Step[],
  key: string,
): { rest: readonly Step[]; ends: boolean } {
  const rest: Step[] = [];
  const add = (step: Step) => {
    if (!rest.includes(step)) rest.push(step);
  };
  let ends = false;
  let same = true;
  for (const step of steps) {
    if (step.deep) add(step);
    else same = false;
    if (step.name !== undefined && step.name !== key) continue;
    same = false;
    if (step.next) add(step.next);
    else ends = true;
  }
  return { rest: same ? steps : rest, ends };
}

/** The keys of a path, or where it stops being one. */
function keysOf(path: string): { name: string | undefined; deep: boolean }[] | number {
  const keys: { name: string | undefined; deep: boolean }[] = [];
  let deep = false;
  let at = 0;
  while (at < path.length) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(path)?.groups;
    if (!token) return at;
    at = TOKEN.lastIndex;
    if (token.deep) {
      deep = true;
      continue;
    }
    const text = token.text?.replace(/\\(.)/g, '$1');
    keys.push({ name: token.name ?? token.index ?? text, deep });
    deep = false;
  }
  return deep || keys.length === 0 ? at : keys;
}

/**
 * The key in quotes before a colon, at any depth of quoting, unless what stands there is removed: that is
 * a mark, or the start of one where the text was cut.
 */
function quotedKey(name: string): RegExp {
  const key = escaped(JSON.stringify(name).slice(1, -1)).replace(/(?:\\\\)+/g, '\\\\+');
  const starts = Array.from(MARK, (_, index) => escaped(MARK.slice(0, index + 1))).join('|');
  const removed = `\\\\*["']${escaped(MARK)}\\\\*["']|(?:\\\\*(?:["'](?:${starts})?)?)$`;
  return new RegExp(`["']${key}\\\\*["']\\s*:(?!\\s*(?:${removed}))`);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
