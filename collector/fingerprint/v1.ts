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

/** In this order: what is inside a quote or a URL must not be seen by the later ones. */
const PLACEHOLDERS: readonly (readonly [RegExp, string])[] = [
  [/\b[a-z][a-z0-9+.-]{1,15}:\/\/[^\s"'`<>]+/gi, '<url>'],
  [/[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/g, '<email>'],
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, '<uuid>'],
  [/"[^"]*"|`[^`]*`|(?<!\w)'[^']*'(?!\w)|“[^”]*”|‘[^’]*’/g, '<text>'],
  [/(?<![\w<>/\\])(?:~|\.{1,2}|[a-z]:)?(?:[\\/][\w.@+~%-]+)+[\\/]?/gi, '<path>'],
  [/\b0x[0-9a-f]+\b/gi, '<hex>'],
  [/\b(?=[a-f]*\d)[0-9a-f]{8,}\b/gi, '<hex>'],
  [/\b(?=[a-z_]*\d)(?=[\d_]*[a-z])\w{16,}\b/gi, '<id>'],
  [/(?<![\p{L}\d])[-+]?\d[\d.,:_]*/gu, '<num>'],
];

/**
 * The fingerprint of a failure: agent, node, class, error type and the first lines of the message
 * with numbers, ids, quotes, paths and addresses replaced. The stack trace does not count in v1.
 */
export function fingerprint(input: FingerprintInput): Fingerprint {
  const template = templateOf(input.error_message);
  const parts = [input.agent_id, input.node_id, input.class, input.error_type, template];
  const digest = hash('sha256', JSON.stringify(parts));
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
  const replaced = PLACEHOLDERS.reduce((text, [what, by]) => text.replace(what, by), line);
  return replaced.replace(/\s+/g, ' ').trim();
}
