// One frame of a stack trace: its function and module, without what changes from build to build and
// from machine to machine.

export interface Frame {
  /** Function and module, as `function@module`, without lines, addresses and folders. */
  name: string;
  /** Whether it is of the language's runtime or standard library, or was generated: no place of its own. */
  isRuntime: boolean;
  /** The package that the frame is of, where its path names one. */
  library?: string;
}

const MAX_NAME = 200;
/** Frames come again and again: each form of text is read once. */
const MAX_CACHED = 4096;
const MAX_CACHED_CHARS = 400;

/** Remembers what a reader gave for a text. */
export function cached(
  read: (text: string) => Frame | undefined,
): (text: string) => Frame | undefined {
  const known = new Map<string, Frame | undefined>();
  return (text) => {
    if (text.length > MAX_CACHED_CHARS) return read(text.slice(0, 4 * MAX_CACHED_CHARS));
    let frame = known.get(text);
    if (frame === undefined && !known.has(text)) {
      frame = read(text);
      if (known.size >= MAX_CACHED) known.clear();
      // A copy: a slice would keep the whole trace.
      known.set(Buffer.from(text).toString(), frame);
    }
    return frame;
  };
}

/** A frame of a file. */
export function fileFrame(fn: string, path: string, isRuntime: boolean, library = ''): Frame {
  const place = library === '' ? moduleOf(path) : `${library}/${moduleOf(path)}`;
  const name = `${nameOf(fn)}@${place}`;
  return library === '' ? { name, isRuntime } : { name, isRuntime, library };
}

/** A name without the numbers of lambdas, closures, generated classes and bundlers. */
export function nameOf(name: string): string {
  const short = name.length > MAX_NAME ? name.slice(0, MAX_NAME) : name;
  return hasDigit(short)
    ? short.replace(/[$_]?\d+(?=$|[.$:<>()/-])/g, '').replace(/\d+/g, '#')
    : short;
}

/** File names that say nothing without their folder. */
const NAMELESS = new Set(['index', '__init__', 'mod', 'route', 'page', 'handler', 'main', 'lib']);
/** `-BqXkTzAa`, `-BPTSLJHA`, `.4185d9ad`: what a bundler adds to a name. */
const HASH =
  /[-._](?:(?=[A-Za-z0-9_]*[A-Z])(?=[A-Za-z0-9_]*(?:[a-z]|[A-Z]{5}))[A-Za-z0-9_]{8}|[0-9a-f]{6,40})$/;

/** The file's name without folder, end and what a build puts into it; its folder where that names it. */
export function moduleOf(path: string): string {
  const slash = lastSlash(path, path.length);
  const file = path.slice(slash + 1, slash + 1 + MAX_NAME);
  // Text that was run as code has whatever name was at hand.
  if (file.includes(' ')) return '?';
  const dot = file.indexOf('.', 1);
  const name = (dot > 0 ? file.slice(0, dot) : file).replace(HASH, '');
  if (NAMELESS.has(name) && slash > 0) {
    return `${numberless(path.slice(lastSlash(path, slash) + 1, slash))}/${name}`;
  }
  return numberless(name);
}

/** With a sign for each part that has a digit: hashes, times, process ids. */
function numberless(name: string): string {
  if (!hasDigit(name)) return name;
  return name
    .slice(0, MAX_NAME)
    .split(/[-_]/)
    .map((part) => (hasDigit(part) ? '#' : part))
    .join('_');
}

export function hasDigit(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x30 && code <= 0x39) return true;
  }
  return false;
}

export function lastSlash(path: string, before: number): number {
  const end = before - 1;
  return Math.max(path.lastIndexOf('/', end), path.lastIndexOf('\\', end));
}

/** The folder, or the scope and the folder, behind the last folder of packages; '' outside of one. */
export function packageIn(path: string, folder: string): string {
  const at = path.lastIndexOf(folder);
  if (at === -1) return '';
  const [, first = '', second = ''] = path.slice(at + folder.length).split(/[/\\]/, 3);
  return first.startsWith('@') ? `${first}/${second}` : first.replace(/\.py$/, '');
}
