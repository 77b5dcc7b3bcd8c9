// An exception of Python that was written as text: `LedgerError('no total')Traceback (most recent …`.
import type { Exception } from './dialect.ts';

const TRACEBACK = 'Traceback (most recent call last)';
const REPR = /^([A-Za-z_][\w.]*)\((.*)\)\s*$/s;
const LAST_LINE = /^([A-Za-z_][\w.]*): (.*)$/;
/** Characters that are looked at. */
const MOST = 64 * 1024;

/** Type, message and stack of such a text; undefined when it is none. */
export function pythonError(message: string, stacktrace: string): Exception | undefined {
  const text = message.slice(0, MOST);
  const at = text.indexOf(TRACEBACK);
  const head = (at < 0 ? text : text.slice(0, at)).trim();
  const repr = REPR.exec(head);
  if (repr === null) return undefined;
  const [, type, inside] = repr as unknown as [string, string, string];
  const where = stacktrace.indexOf(TRACEBACK);
  const stack = where < 0 ? stacktrace : stacktrace.slice(where);
  const last = lastLineOf(stack, type);
  return { type, message: last ?? firstArgument(inside), stacktrace: stack };
}

/** What the traceback ends in, when it is of this type: the message as `str` writes it. */
function lastLineOf(stack: string, type: string): string | undefined {
  for (const line of stack.slice(-MOST).split('\n').reverse()) {
    const [, qualified, message] = LAST_LINE.exec(line) ?? [];
    if (qualified === undefined || message === undefined) continue;
    if (qualified === type || qualified.endsWith(`.${type}`)) return message;
  }
  return undefined;
}

const QUOTED = /^(['"])((?:\\.|(?!\1)[^\\])*)\1/s;

/** The first argument when it is a text, else all as they are written. */
function firstArgument(written: string): string {
  const [, , text] = QUOTED.exec(written) ?? [];
  return text === undefined ? written : text.replace(/\\(['"\\])/g, '$1').replaceAll('\\n', '\n');
}
