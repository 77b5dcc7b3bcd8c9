// A message without the structured data in it: of bodies, findings and pages only what went wrong.
import { BREAK_MARK, CODE_MARK, readBody } from './body.ts';
import { findingsOf } from './findings.ts';
import { titled } from './page.ts';
import { MAX_CHARS } from './tokens.ts';

const MAX_BODIES = 8;
/** What stands before data that was refused, not before what was wrong with it. */
const DATA_LABEL = /\b(?:value|text|input|output|args|arguments|params): ?$/i;
const MAX_CAUSES = 8;
/** Its first text is a sentence; a tuple of data has names and numbers. */
const TUPLE =
  /(^|: |\) )\((?:(-?\d{1,6}), )?(["'])((?:(?!\3)[^ \\\n]|\\.)+ (?:(?!\3)[^\\\n]|\\.){1,400})\3(?:, [^\n]{0,400})?\)/;
const PATH_LABEL = /(?:\bat path \[|→ at )([\w., ]{1,80})/g;
/** `thread 'main' panicked at 'it broke', src/a.rs:1:2` */
const PANIC =
  /^thread '[^'\n]{0,80}' panicked at (?:'([\s\S]{0,2000})', [^\s']{1,200}:\d+:\d+|[^\s']{1,200}:\d+:\d+:\n([\s\S]{0,2000}))/;

/** Work is bounded by MAX_CHARS; a message without structure comes back as it is. */
export function reduced(message: string): string {
  const text = message.length > 2 * MAX_CHARS ? message.slice(0, 2 * MAX_CHARS) : message;
  if (text.includes('<')) {
    const page = titled(text);
    if (page !== undefined) return page;
  }
  if (text.includes('validation error')) {
    const findings = findingsOf(text);
    if (findings !== undefined) return findings;
  }
  if (text.startsWith('thread ')) {
    const panic = PANIC.exec(text);
    if (panic) return `panicked: ${panic[1] ?? panic[2]}`;
  }
  const paths = text.includes(' at ') ? pathsIn(text) : '';
  const flat = text.includes('Caused by:\n')
    ? causesOf(text)
    : text.includes('(') && text.includes(', ')
      ? withoutTuple(text)
      : text;
  return (flat.includes('{') ? withoutBodies(flat) : flat) + paths;
}

/** Rust's chain of causes: `it failed\n\nCaused by:\n    0: the disk\n    1: is full`. */
function causesOf(text: string): string {
  const [what = '', causes = ''] = text.split(/\s*Caused by:\n/, 2);
  const chain = causes.split('\n\n', 1)[0]!.split('\n', MAX_CAUSES);
  const lines = chain.map((line) => line.replace(/^\s+(?:\d+: )?/, ''));
  return [what, ...lines].join(BREAK_MARK);
}

/** The arguments of an exception as Python prints them: `(2006, 'it is gone')`, `('aborted', Closed('gone'))`. */
function withoutTuple(text: string): string {
  return text.replace(TUPLE, (_, before: string, code = '', quote: string, said: string) => {
    const message = said.replaceAll(`\\${quote}`, quote);
    return code === ''
      ? `${before}${message}`
      : `${before}${CODE_MARK}${code}${BREAK_MARK}${message}`;
  });
}

/** The parts of a schema that findings in words name: `at path [items]`. */
function pathsIn(text: string): string {
  let paths = '';
  for (const [, path = ''] of text.matchAll(PATH_LABEL))
    paths += `${BREAK_MARK}${CODE_MARK}${path.trim()}`;
  return paths;
}

function withoutBodies(text: string): string {
  let left = '';
  let from = 0;
  let bodies = 0;
  for (let at = nextOpen(text, 0); at !== -1 && bodies < MAX_BODIES; at = nextOpen(text, at)) {
    const body = readBody(text, at);
    if (body === undefined) {
      at++;
      continue;
    }
    bodies++;
    if (DATA_LABEL.test(text.slice(Math.max(0, at - 12), at))) body.content = '';
    left += text.slice(from, at);
    left += body.content === '' ? '{}' : `${BREAK_MARK}${body.content}${BREAK_MARK}`;
    from = body.end;
    at = body.end;
  }
  return from === 0 ? text : left + text.slice(from);
}

function nextOpen(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x7b || (code === 0x5b && opensObjects(text, at))) return at;
  }
  return -1;
}

/** `[` with `{` behind it. */
function opensObjects(text: string, at: number): boolean {
  let next = at + 1;
  while (next < text.length && text.charCodeAt(next) <= 0x20) next++;
  return text.charCodeAt(next) === 0x7b;
}
