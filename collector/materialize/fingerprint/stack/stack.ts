// What a stack trace says of a failure: where it was raised, what caused it, whose code was at work.
import { simpleName } from '../../error-type.ts';
import { templateOf } from '../message/template.ts';
import type { Frame } from './frame.ts';
import { readTrace, type Thrown } from './trace.ts';

export interface Stack {
  /** Type and message of what was thrown, where the trace has them. */
  head: string;
  /** The frame where it was raised, as `function@module`; '' where there is none. */
  raised: string;
  /** The causes behind it and the members of a group, as `type words at function@module`. */
  causes: readonly string[];
  /** Of each cause its type and the words of its message, in lower case, without frames. */
  heads: readonly string[];
  /** The packages whose code stands in the trace of what was thrown. */
  libraries: readonly string[];
}

export const NO_STACK: Stack = { head: '', raised: '', causes: [], heads: [], libraries: [] };

const CAUSES = 4;
const MAX_LIBRARIES = 8;
/** A function that stands so often in a trace calls itself without end. */
const MANY_TIMES = 5;
/** Failures come in many of few kinds: the same traces again and again. */
const MAX_CACHED = 512;
const MAX_CACHED_CHARS = 8192;
const stacks = new Map<string, Stack>();

export function stackOf(trace: string): Stack {
  if (trace === '') return NO_STACK;
  let stack = stacks.get(trace);
  if (stack === undefined) {
    stack = readStack(trace);
    if (stacks.size >= MAX_CACHED) stacks.clear();
    if (trace.length <= MAX_CACHED_CHARS) stacks.set(trace, stack);
  }
  return stack;
}

function readStack(trace: string): Stack {
  const [thrown, ...behind] = readTrace(trace);
  if (thrown === undefined) return NO_STACK;
  const causes = new Set<string>();
  const heads: string[] = [];
  for (const cause of behind.slice(0, CAUSES)) {
    const { type, key, words } = partsOf(cause.head);
    causes.add([simpleName(type), key, `at ${raisedIn(cause)}`].filter(Boolean).join(' '));
    heads.push(`${type.toLowerCase()} ${words}`);
  }
  return {
    head: thrown.head,
    raised: raisedIn(thrown),
    causes: [...causes],
    heads,
    libraries: librariesOf(thrown),
  };
}

/** The innermost frame that is neither of the runtime nor generated; the innermost where all are. */
function raisedIn({ frames }: Thrown): string {
  const own = frames.filter(({ isRuntime }) => !isRuntime);
  const [first = frames[0]] = own;
  if (first === undefined) return '';
  // Which function of an endless recursion hits the bound is chance.
  const again = own.findIndex(({ name }, i) => i > 0 && name === first.name);
  const times = again === -1 ? 1 : own.filter(({ name }) => name === first.name).length;
  if (times < MANY_TIMES) return first.name;
  return own
    .slice(0, again)
    .map(({ name }) => name)
    .sort()[0]!;
}

/** `OSError: refused` as its type and what the message says. */
function partsOf(head: string): { type: string; key: string; words: string } {
  const colon = head.search(/(?<!:):(?!:)/);
  const isTyped = colon > 0 && colon < 120 && !head.slice(0, colon).includes(' ');
  const { key, words } = templateOf(isTyped ? head.slice(colon + 1) : head);
  return { type: isTyped ? head.slice(0, colon) : '', key, words };
}

function librariesOf({ frames }: Thrown): string[] {
  const names: string[] = [];
  for (const { library } of frames as readonly Frame[]) {
    if (!library || names.includes(library)) continue;
    names.push(library);
    if (names.length === MAX_LIBRARIES) break;
  }
  return names;
}
