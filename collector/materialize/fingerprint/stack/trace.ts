// Reads stack traces line by line, causes and members of groups included.
import type { Frame } from './frame.ts';
import { goFrame, isGoPlace } from './go.ts';
import { atSignFrame, scriptFrame } from './javascript.ts';
import { classFrame, localizedFrame } from './jvm-and-dotnet.ts';
import { anyFrame, elixirFrame, phpFrame, rubyFrame, rustFrame } from './more-languages.ts';
import { pythonFrame } from './python.ts';

/** One exception: what was thrown, or a cause of it. */
export interface Thrown {
  /** Its type and message as the trace has them; '' when it does not. */
  head: string;
  /** The innermost first. */
  frames: Frame[];
}

/** Characters that are looked at; of a longer trace its two ends. */
const MAX_CHARS = 32_768;
const MAX_FRAMES = 256;
const MAX_THROWN = 8;
/** Of what an exception says in the trace. */
const MAX_HEAD = 2000;

/**
 * The exceptions of a trace: the one that was thrown last, then what caused it, down to the root.
 * Empty when the text holds no frame.
 */
export function readTrace(text: string): Thrown[] {
  const bounded =
    text.length > MAX_CHARS
      ? `${text.slice(0, MAX_CHARS / 2)}\n${text.slice(-MAX_CHARS / 2)}`
      : text;
  const found = readWith(new TraceReader(), bounded);
  return found.length > 0 ? found : readWith(new AnyReader(), bounded);
}

interface Reader {
  /** Takes a line; false when no more are wanted. */
  line(text: string, start: number, end: number): boolean;
  thrown(): Thrown[];
}

function readWith(reader: Reader, text: string): Thrown[] {
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    if (!reader.line(text, start, end)) break;
    start = end + 1;
  }
  return reader.thrown();
}

const SPACE = 0x20;
const TAB = 0x09;
const PIPE = 0x7c;
const PLUS = 0x2b;

/**
 * States: before a trace (a head may come); in Python's frames (innermost last, the head follows
 * them); in frames of the others (innermost first, the head was before); aside (what was suppressed);
 * among the members of a group.
 */
class TraceReader implements Reader {
  readonly #all: Thrown[] = [];
  #current: Thrown | undefined;
  #previous = '';
  #isPython = false;
  #isGroup = false;
  #isAside = false;
  #frames = 0;
  #goroutines = 0;

  line(text: string, start: number, end: number): boolean {
    let from = start;
    let code = text.charCodeAt(from);
    while (
      from < end &&
      (code === SPACE || code === TAB || code === PIPE || (code === PLUS && from < start + 16))
    ) {
      code = text.charCodeAt(++from);
    }
    let to = end;
    while (to > from && text.charCodeAt(to - 1) <= SPACE) to--;
    if (from === to) return this.#blank();
    const known = this.#byStart(text, code, from, to);
    if (known !== undefined) return known;
    const line = text.slice(from, to);
    const frame = this.#frameOf(line, code, from > start);
    if (frame) return this.#isAside ? true : this.#add(frame);
    return this.#other(line, from - start);
  }

  /** With Python's causes, which come first, behind what was thrown. */
  thrown(): Thrown[] {
    const thrown = this.#all.filter(({ frames }) => frames.length > 0);
    return this.#isPython && !this.#isGroup ? thrown.reverse() : thrown;
  }

  /** What a line is by its first words; undefined when they do not say. */
  #byStart(text: string, code: number, from: number, to: number): boolean | undefined {
    const starts = (words: string): boolean => text.startsWith(words, from);
    switch (code) {
      case 0x61:
        return starts('at ') ? this.#atFrame(text.slice(from + 3, to)) : undefined;
      case 0x46:
        return starts('File "') ? this.#pythonFrame(text.slice(from, to)) : undefined;
      case 0x5b:
        if (starts('[cause]: ')) return this.#cause(text.slice(from + 9, to));
        if (starts('[errors]: [')) return this.#members();
        return starts('[Previous line') ? true : undefined;
      case 0x63:
        return starts('cause: ') && this.#current
          ? this.#cause(text.slice(from + 7, to))
          : undefined;
      case 0x43:
        return starts('Caused by: ') ? this.#cause(text.slice(from + 11, to)) : undefined;
      case 0x53:
        if (!starts('Suppressed: ')) return undefined;
        this.#isAside = true;
        return true;
      case 0x54:
        return starts('Traceback (most recent') ? this.#pythonTrace() : undefined;
      case 0x45:
        if (!starts('Exception Group Traceback')) return undefined;
        this.#isGroup = true;
        return this.#pythonTrace();
      case 0x67:
        return starts('goroutine ') ? ++this.#goroutines <= 1 : undefined;
      default:
        return undefined;
    }
  }

  /** A frame of a language whose lines begin with none of the words above. */
  #frameOf(line: string, code: number, isIndented: boolean): Frame | undefined {
    if (isGoPlace(line)) return goFrame(this.#previous, line);
    if (this.#isPython) return undefined;
    if (code === 0x23) return phpFrame(line);
    if (code >= 0x30 && code <= 0x39) return rustFrame(line);
    if (line.includes(':in ')) return rubyFrame(line);
    if (line.includes('.ex:') || line.includes('.exs:') || line.includes('.erl:'))
      return elixirFrame(line);
    if (line.includes('@')) return atSignFrame(line);
    return isIndented && line.includes('(') ? localizedFrame(line) : undefined;
  }

  #atFrame(called: string): boolean {
    if (this.#isAside) return true;
    // The file of a frame of Rust, on a line of its own.
    if (/\.rs:\d/.test(called)) return true;
    return this.#add(scriptFrame(called) ?? classFrame(called));
  }

  #pythonTrace(): boolean {
    this.#isPython = true;
    return this.#open('');
  }

  #pythonFrame(line: string): boolean {
    const frame = pythonFrame(line);
    if (!frame) return true;
    this.#isPython = true;
    if (!this.#current) this.#open('');
    this.#frames++;
    // Of a deep trace the end counts: the innermost frames are the last.
    this.#current!.frames.unshift(frame);
    if (this.#current!.frames.length > MAX_FRAMES) this.#current!.frames.pop();
    return true;
  }

  #cause(head: string): boolean {
    this.#isAside = false;
    return this.#open(head);
  }

  #members(): boolean {
    this.#isGroup = true;
    return true;
  }

  #open(head: string): boolean {
    if (this.#all.length === MAX_THROWN && (!this.#isPython || this.#isGroup)) return false;
    if (this.#all.length === MAX_THROWN) this.#all.shift();
    this.#current = { head, frames: [] };
    this.#all.push(this.#current);
    return true;
  }

  #add(frame: Frame | undefined): boolean {
    if (!frame) return true;
    if (!this.#current) this.#open(this.#previous);
    this.#current!.frames.push(frame);
    return ++this.#frames < MAX_FRAMES;
  }

  #blank(): boolean {
    this.#previous = '';
    return true;
  }

  #other(line: string, indent: number): boolean {
    const current = this.#current;
    const wasBlank = this.#previous === '';
    this.#previous = line;
    if (!current) return true;
    if (this.#isPython) {
      // Behind Python's frames, at the same depth as their first line: type and message.
      const isHead = current.frames.length > 0 && (indent < 2 || this.#isGroup);
      if (isHead && current.head === '') current.head = line;
      else if (current.head !== '' && !wasBlank) this.#more(current, line);
    } else if (current.frames.length === 0) {
      this.#more(current, line);
    } else if (this.#isGroup && /^[\w.$]+(?::| \[)/.test(line)) return this.#open(line);
    return true;
  }

  /** A message of several lines. */
  #more(current: Thrown, line: string): void {
    if (current.head.length < MAX_HEAD) current.head += `\n${line}`;
  }
}

/** Of a trace that no language above knows: each line that names a file with a line. */
class AnyReader implements Reader {
  readonly #frames: Frame[] = [];
  #isReversed = false;

  line(text: string, start: number, end: number): boolean {
    const line = text.slice(start, Math.min(end, start + 1000)).trim();
    if (line.includes('most recent call last')) this.#isReversed = true;
    const frame = anyFrame(line);
    if (frame) this.#frames.push(frame);
    return this.#frames.length < MAX_FRAMES;
  }

  thrown(): Thrown[] {
    if (this.#frames.length === 0) return [];
    const frames = this.#isReversed ? this.#frames.reverse() : this.#frames;
    return [{ head: '', frames }];
  }
}
