// Reads stack traces of Python, JavaScript, Java and Go, causes included, line by line.
import { atFrame, type Frame, goFrame, pythonFrame } from './frames.ts';

/** One exception: what was thrown, or a cause of it. */
export interface Thrown {
  /** Its type and message as the trace tells them; '' when it does not. */
  head: string;
  /** The innermost first. */
  frames: Frame[];
}

/** Characters that are looked at; of a longer trace its two ends. */
const MAX_CHARS = 32_768;
const MAX_FRAMES = 256;
const MAX_THROWN = 8;

/**
 * The exceptions of a trace: the one that was thrown last, then what caused it, down to the root.
 * Empty when the text holds no frame.
 */
export function readTrace(text: string): Thrown[] {
  const bounded =
    text.length > MAX_CHARS
      ? `${text.slice(0, MAX_CHARS / 2)}\n${text.slice(-MAX_CHARS / 2)}`
      : text;
  const reader = new TraceReader();
  for (let start = 0; start < bounded.length; ) {
    const newline = bounded.indexOf('\n', start);
    const end = newline === -1 ? bounded.length : newline;
    if (!reader.line(bounded, start, end)) break;
    start = end + 1;
  }
  return reader.thrown();
}

const SPACE = 0x20;
const TAB = 0x09;
const RETURN = 0x0d;
const PIPE = 0x7c;

/**
 * States: before a trace (a head may come); in Python's frames (innermost last, the head follows
 * them); in frames of the others (innermost first, the head was before); aside (what was suppressed).
 */
class TraceReader {
  private readonly all: Thrown[] = [];
  private current: Thrown | undefined;
  private previous = '';
  private isPython = false;
  private isAside = false;
  private frames = 0;
  private goroutines = 0;

  /** Takes a line; false when no more are wanted. */
  line(text: string, start: number, end: number): boolean {
    let from = start;
    let code = text.charCodeAt(from);
    while (from < end && (code === SPACE || code === TAB || code === PIPE)) {
      code = text.charCodeAt(++from);
    }
    let to = end;
    while (to > from && (text.charCodeAt(to - 1) === RETURN || text.charCodeAt(to - 1) === SPACE))
      to--;
    if (from === to) return true;
    // at, File, [cause], Caused by, Suppressed, Traceback, goroutine, created by, a path of Go
    switch (code) {
      case 0x61:
        if (text.startsWith('at ', from)) return this.atFrame(text.slice(from + 3, to));
        break;
      case 0x46:
        if (text.startsWith('File "', from)) return this.pythonFrame(text.slice(from, to));
        break;
      case 0x5b:
        if (text.startsWith('[cause]: ', from)) return this.cause(text.slice(from + 9, to));
        if (text.startsWith('[Previous line', from)) return true;
        break;
      case 0x43:
        if (text.startsWith('Caused by: ', from)) return this.cause(text.slice(from + 11, to));
        break;
      case 0x53:
        if (text.startsWith('Suppressed: ', from)) this.isAside = true;
        break;
      case 0x54:
        if (text.startsWith('Traceback (most recent', from)) return this.pythonTrace();
        break;
      case 0x67:
        if (text.startsWith('goroutine ', from) && ++this.goroutines > 1) return false;
        break;
      default:
        if (text.charCodeAt(start) === TAB && isGoLocation(text, from, to)) {
          return this.add(goFrame(this.previous, text.slice(from, to)));
        }
    }
    return this.other(text, start, from, to);
  }

  /** With Python's causes, which come first, behind what was thrown. */
  thrown(): Thrown[] {
    const told = this.all.filter(({ frames }) => frames.length > 0);
    return this.isPython ? told.reverse() : told;
  }

  private atFrame(frame: string): boolean {
    if (this.isAside) return true;
    return this.add(atFrame(frame));
  }

  private pythonTrace(): boolean {
    this.isPython = true;
    return this.open('');
  }

  private pythonFrame(line: string): boolean {
    const frame = pythonFrame(line);
    if (!frame) return true;
    this.isPython = true;
    if (!this.current) this.open('');
    this.frames++;
    // Of a deep trace the end counts: the innermost frames are the last.
    this.current!.frames.unshift(frame);
    if (this.current!.frames.length > MAX_FRAMES) this.current!.frames.pop();
    return true;
  }

  private cause(head: string): boolean {
    this.isAside = false;
    return this.open(head);
  }

  private open(head: string): boolean {
    if (this.all.length === MAX_THROWN && !this.isPython) return false;
    if (this.all.length === MAX_THROWN) this.all.shift();
    this.current = { head, frames: [] };
    this.all.push(this.current);
    return true;
  }

  private add(frame: Frame | undefined): boolean {
    if (!frame) return true;
    if (!this.current) this.open('');
    this.current!.frames.push(frame);
    return ++this.frames < MAX_FRAMES;
  }

  private other(text: string, start: number, from: number, to: number): boolean {
    this.previous = text.slice(from, to);
    // Behind Python's frames, at the same depth as their first line: type and message.
    if (this.isPython && this.current && this.current.head === '' && from - start < 2) {
      if (this.current.frames.length > 0) this.current.head = this.previous;
    }
    return true;
  }
}

/** `/srv/app/main.go:12 +0x1d` */
function isGoLocation(text: string, from: number, to: number): boolean {
  const at = text.indexOf('.go:', from);
  return at !== -1 && at < to;
}
