// Version 1 of what makes two failures the same problem. A fingerprint stays in its row for ever: from
// the first release on, what this folder gives for an input must never change; a better rule is a v2
// beside it (docs/decisions/0037-fingerprint.md).
import { hash } from 'node:crypto';
import { simpleName } from '../error-type.ts';
import { partTrace } from './message/embedded.ts';
import { templateOf } from './message/template.ts';
import { NO_STACK, type Stack, stackOf } from './stack/stack.ts';

/** What a fingerprint is made of. */
export interface FingerprintInput {
  agent_id: string;
  node_id: string;
  /** As the executor gave it; '' when it gave none. Counts only where nothing else says what it is. */
  class: string;
  error_type: string;
  error_message: string;
  stack_trace: string;
}

/** A fingerprint, and what it was read from. */
export interface Fingerprint {
  /** 'v1:' and 32 hex digits. */
  fingerprint: string;
  /** The message with placeholders for what varies. */
  template: string;
  /** The frame where it was raised, as `function@module`; '' where there is none. */
  raised: string;
  /** All words, names and codes of the message outside of quotes, in lower case. */
  words: string;
  /** The packages whose code stands in the trace of what was thrown. */
  libraries: readonly string[];
  /** Type and words of the exceptions behind the one that was thrown, the root last, in lower case. */
  causes: readonly string[];
  /** Of each of these, type, words of the code and where it was raised: what counts of it. */
  chain: readonly string[];
  /** The message without a stack trace in it. */
  message: string;
  /** What went into it, in words; made when it is called for. */
  why(): string;
}

/**
 * The fingerprint of a failure: agent, node, error type, the frame where it was raised, the words of the
 * message that are the code's, and the chain of causes.
 */
export function fingerprint(input: FingerprintInput): Fingerprint {
  const { message, trace } = partTrace(input.error_message);
  const embedded = stackOf(trace);
  const reported = stackOf(input.stack_trace);
  const stack = reported === NO_STACK ? embedded : reported;
  const whole = embedded === NO_STACK ? input.error_message : joined(message, embedded.head);
  const template = templateOf(whole);
  const { key, sure } = template;
  const words = stack.raised === '' ? key : sure;
  const isMute = input.error_type === '' && words === '' && stack.raised === '';
  const statedClass = isMute && input.class !== 'unclassified' ? input.class : '';
  const parts = [
    input.agent_id,
    input.node_id,
    statedClass,
    simpleName(input.error_type),
    stack.raised,
    words,
    stack.causes.join('\n'),
  ];
  // With the length of each part no two lists of parts give the same text.
  let identity = '';
  for (const part of parts) identity += `${part.length}:${part}`;
  return {
    fingerprint: `v1:${digestOf(identity)}`,
    template: template.text,
    raised: stack.raised,
    words: template.words,
    causes: stack.heads,
    chain: stack.causes,
    message: whole,
    libraries: stack.libraries,
    why: () => whyOf(parts, stack, input.stack_trace),
  };
}

/** What is before a trace is output of all kinds; its first line is enough. */
function joined(message: string, head: string): string {
  const first = message.trimStart().split('\n', 1)[0]!;
  return first === '' ? head : `${first}\n${head}`;
}

const NAMES = ['agent', 'node', 'class', 'error type', 'place', 'words', 'causes'];
const MAX_SHOWN = 160;

/** The sentence about the parts that count, with what they are. */
function whyOf(parts: readonly string[], stack: Stack, trace: string): string {
  const shown = NAMES.flatMap((name, i) => {
    const part = parts[i]!;
    if (part === '') return [];
    if (i < 3) return [name];
    if (name === 'causes')
      return [`${stack.causes.length} cause${stack.causes.length === 1 ? '' : 's'}`];
    const text = part.length > MAX_SHOWN ? `${part.slice(0, MAX_SHOWN)}…` : part;
    return [`${name === 'place' ? 'raised in' : name} ${JSON.stringify(text)}`];
  });
  const rest = trace !== '' && stack.raised === '' ? '; the stack trace holds no frame' : '';
  return `same ${shown.join(', ') || 'emptiness'}${rest}; values, callers and line numbers do not count`;
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
