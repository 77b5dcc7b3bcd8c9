// Version 1 of what makes two failures the same problem. A fingerprint stays in its row for ever:
// what this file gives for an input must never change; a better rule is a v2 beside it.
import { hash } from 'node:crypto';

export interface FingerprintInput {
  agent_id: string;
  node_id: string;
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
  /** What went into it, in words. */
  why: string;
}

/** Lines of the message that count, and characters of each. */
const LINES = 3;
const LINE_LENGTH = 400;

interface Placeholder {
  form: RegExp;
  by: string;
  /** Matches wherever the form does, and costs less. */
  hint: RegExp;
}

/** In this order: what is inside a quote or a URL must not be seen by the later ones. */
const PLACEHOLDERS: readonly Placeholder[] = [
  { by: '<url>', form: /\b[a-z][a-z0-9+.-]{1,15}:\/\/[^\s"'`<>]+/gi, hint: /:\/\// },
  { by: '<email>', form: /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/g, hint: /@/ },
  { by: '<uuid>', form: /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, hint: /-/ },
  {
    by: '<text>',
    form: /"[^"]*"|`[^`]*`|(?<!\w)'[^']*'(?!\w)|“[^”]*”|‘[^’]*’/g,
    hint: /["`'“‘]/,
  },
  {
    by: '<path>',
    form: /(?<![\w<>/\\])(?:~|\.{1,2}|[a-z]:)?(?:[\\/][\w.@+~%-]+)+[\\/]?/gi,
    hint: /[/\\]/,
  },
  { by: '<hex>', form: /\b0x[0-9a-f]+\b/gi, hint: /0x/i },
  { by: '<hex>', form: /\b(?=[a-f]*\d)[0-9a-f]{8,}\b/gi, hint: /\d/ },
  { by: '<id>', form: /\b(?=[a-z_]*\d)(?=[\d_]*[a-z])\w{16,}\b/gi, hint: /\d/ },
  { by: '<num>', form: /(?<![\p{L}\d])[-+]?\d[\d.,:_]*/gu, hint: /\d/ },
];

const SPACES = /[^\S ]|\s\s/;

/**
 * The fingerprint of a failure: agent, node, class, error type and the first lines of the message
 * with numbers, ids, quotes, paths and addresses replaced. The stack trace does not count in v1.
 */
export function fingerprint(input: FingerprintInput): Fingerprint {
  const template = templateOf(input.error_message);
  const parts = [input.agent_id, input.node_id, input.class, input.error_type, template];
  const digest = digestOf(JSON.stringify(parts));
  const names = ['agent', 'node', 'class', 'error type', 'message'];
  const used = names.filter((_name, i) => parts[i] !== '');
  return {
    fingerprint: `v1:${digest.slice(0, 32)}`,
    template,
    why: `same ${used.join(', ') || 'emptiness'}; in the message only what is not replaced counts`,
  };
}

function templateOf(message: string): string {
  return message
    .slice(0, 16 * LINE_LENGTH)
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(0, LINES)
    .map((line) => replaceVariables(line.slice(0, LINE_LENGTH)))
    .join('\n');
}

function replaceVariables(line: string): string {
  let text = line;
  for (const { form, by, hint } of PLACEHOLDERS) {
    if (hint.test(text)) text = text.replace(form, by);
  }
  return (SPACES.test(text) ? text.replace(/\s+/g, ' ') : text).trim();
}

/** Failures come in many of few kinds. */
const MAX_DIGESTS = 4096;
const digests = new Map<string, string>();

function digestOf(parts: string): string {
  let digest = digests.get(parts);
  if (digest === undefined) {
    if (digests.size >= MAX_DIGESTS) digests.clear();
    digest = hash('sha256', parts);
    digests.set(parts, digest);
  }
  return digest;
}
