// A stack trace inside a message, as tools that run code report it: what it is about, without it.

export interface Parted {
  /** The message without the trace and what follows it. */
  message: string;
  /** The trace; '' when there is none. */
  trace: string;
}

const PYTHON = 'Traceback (most recent call last)';
const STARTS = ['\n    at ', '\n\tat ', '\n   at ', '\ngoroutine ', '\nstack backtrace:', '\n#0 '];

/** Parts a message from the trace in it. */
export function partTrace(message: string): Parted {
  const line = message.indexOf('\n');
  if (line === -1) return { message, trace: '' };
  const python = message.indexOf(PYTHON);
  if (python !== -1) {
    return { message: message.slice(0, python), trace: message.slice(python) };
  }
  let at = -1;
  for (const start of STARTS) {
    const found = message.indexOf(start, line);
    if (found !== -1 && (at === -1 || found < at)) at = found;
  }
  if (at === -1) return { message, trace: '' };
  return { message: message.slice(0, at), trace: message.slice(at + 1) };
}
