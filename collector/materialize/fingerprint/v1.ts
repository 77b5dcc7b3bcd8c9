// Version 1 of what makes two failures the same problem. A fingerprint stays in its row for ever:
// from the first release on, what this folder gives for an input must never change; a better rule is
// a v2 beside it (docs/decisions/0011-grouping.md).
import { hash } from 'node:crypto';
import { partTrace } from './embedded.ts';
import type { Frame } from './frames.ts';
import { templateOf } from './template.ts';
import { readTrace, type Thrown } from './trace.ts';

export interface FingerprintInput {
  agent_id: string;
  node_id: string;
  /** As the executor gave it; '' when it gave none. Counts only where nothing else says what it is. */
  class: string;
  error_type: string;
  error_message: string;
  stack_trace: string;
}

export interface Fingerprint {
  /** 'v1:' and 32 hex digits. */
  fingerprint: string;
  /** The message with placeholders for what varies. */
  template: string;
  /** The frames that count, as `function@module`, the innermost first. */
  frames: string[];
  /** The packages whose code stands in the trace of what was thrown. */
  libraries: readonly string[];
  /** The words of the message, without values and punctuation. */
  words: string;
  /** The exceptions behind the one that was thrown, as `type and message at function@module`. */
  causes: string[];
  /** What went into it, in words. */
  why: string;
}

/**
 * The fingerprint of a failure: agent, node, error type, the message without what varies, the frames of
 * the application (of libraries where there are no others), and the chain of causes.
 */
export function fingerprint(input: FingerprintInput): Fingerprint {
  const { message, trace } = partTrace(input.error_message);
  const embedded = stackOf(trace);
  const told = stackOf(input.stack_trace);
  const stack = told === NO_STACK ? embedded : told;
  const { text, key } = templateOf(
    embedded === NO_STACK ? input.error_message : joined(message, embedded.head),
  );
  const isMute = input.error_type === '' && key === '' && stack.key === '';
  const given = isMute && input.class !== 'unclassified' ? input.class : '';
  const parts = [input.agent_id, input.node_id, given, input.error_type, key, stack.key];
  // With the length of each part no two lists of parts give the same text.
  let identity = '';
  for (const part of parts) identity += `${part.length}:${part}`;
  return {
    fingerprint: `v1:${digestOf(identity)}`,
    template: text,
    frames: stack.frames,
    causes: stack.causes,
    libraries: stack.libraries,
    words: key,
    why: wordsFor(parts, stack, input.stack_trace),
  };
}

/** What is before a trace is output of all kinds; its first line is enough. */
function joined(message: string, head: string): string {
  const first = message.trimStart().split('\n', 1)[0]!;
  return first === '' ? head : `${first}\n${head}`;
}

/** Frames of the application that count; of a library's code where there is no other. */
const OWN_FRAMES = 6;
const LIBRARY_FRAMES = 3;
const CAUSES = 4;
const CAUSE_FRAMES = 2;
const MAX_LIBRARIES = 8;

interface Stack {
  /** Type and message of what was thrown, where the trace tells them. */
  head: string;
  frames: string[];
  causes: string[];
  libraries: string[];
  /** What of it went into the fingerprint. */
  words: string;
  /** Stands for frames and causes. */
  key: string;
}

const IGNORED = '; values in the message and line numbers do not count';
const NO_FRAMES = `${IGNORED}; the stack trace holds no frame`;

const NO_STACK: Stack = {
  head: '',
  frames: [],
  causes: [],
  libraries: [],
  words: IGNORED,
  key: '',
};

/** Failures come in many of few kinds: the same traces again and again. */
const MAX_CACHED = 512;
const MAX_CACHED_CHARS = 8192;
const stacks = new Map<string, Stack>();

function stackOf(trace: string): Stack {
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
  const frames = counted(thrown, OWN_FRAMES);
  const causes = behind.slice(0, CAUSES).map((cause) => {
    const { key } = templateOf(cause.head);
    return [key, ...counted(cause, CAUSE_FRAMES)].join(' at ');
  });
  const owner = thrown.frames.some(({ isOwn }) => isOwn) ? 'own' : 'library';
  return {
    head: thrown.head,
    frames,
    causes,
    libraries: librariesOf(thrown),
    words: `, ${many(frames, 'frame')} of ${owner} code, ${many(causes, 'cause')}${IGNORED}`,
    key: digestOf([...frames, ...causes].join('\n')),
  };
}

function many(items: readonly unknown[], noun: string): string {
  return `${items.length} ${noun}${items.length === 1 ? '' : 's'}`;
}

/** Each frame once, so that the depth of a recursion does not count. */
function counted({ frames }: Thrown, most: number): string[] {
  const own = distinct(frames, true, most);
  return own.length > 0 ? own : distinct(frames, false, Math.min(most, LIBRARY_FRAMES));
}

function distinct(frames: readonly Frame[], isOwn: boolean, most: number): string[] {
  const names: string[] = [];
  for (const frame of frames) {
    if (frame.isOwn !== isOwn || names.includes(frame.name)) continue;
    names.push(frame.name);
    if (names.length === most) break;
  }
  return names;
}

function librariesOf({ frames }: Thrown): string[] {
  const names: string[] = [];
  for (const { library } of frames) {
    if (!library || names.includes(library)) continue;
    names.push(library);
    if (names.length === MAX_LIBRARIES) break;
  }
  return names;
}

const NAMES = ['agent', 'node', 'class', 'error type', 'words of the message'];
const sentences: string[] = [];

/** The sentence about the parts that say something; there are few of them. */
function wordsFor(parts: readonly string[], stack: Stack, trace: string): string {
  let used = 0;
  for (let i = 0; i < NAMES.length; i++) if (parts[i] !== '') used |= 1 << i;
  sentences[used] ??= NAMES.filter((_name, i) => used & (1 << i)).join(', ');
  const rest = stack === NO_STACK && trace !== '' ? NO_FRAMES : stack.words;
  return `same ${sentences[used] || 'emptiness'}${rest}`;
}

const MAX_DIGESTS = 4096;
const digests = new Map<string, string>();

function digestOf(identity: string): string {
  let digest = digests.get(identity);
  if (digest === undefined) {
    if (digests.size >= MAX_DIGESTS) digests.clear();
    digest = hash('sha256', identity).slice(0, 32);
    digests.set(identity, digest);
  }
  return digest;
}
