// One frame of each language: its function and module, and whose code it is.

export interface Frame {
  /** Function and module, without lines, addresses and folders. */
  name: string;
  /** Whether it is of the application, not of a library or the runtime. */
  isOwn: boolean;
  /** The package that the frame is of, where its path names one. */
  library?: string;
}

/** Frames come again and again: each form of text is read once. */
const MAX_CACHED = 4096;
const MAX_CACHED_CHARS = 300;

function cached(read: (text: string) => Frame | undefined): (text: string) => Frame | undefined {
  const known = new Map<string, Frame | undefined>();
  return (text) => {
    if (text.length > MAX_CACHED_CHARS) return read(text);
    let frame = known.get(text);
    if (frame === undefined) {
      frame = read(text);
      if (known.size >= MAX_CACHED) known.clear();
      // A copy: a slice would keep the whole trace.
      known.set(Buffer.from(text).toString(), frame);
    }
    return frame;
  };
}

/** A frame of Python by its line `File "...", line n, in name`. */
export const pythonFrame = cached(readPython);

/** A frame of JavaScript or Java by its line without `at`. */
export const atFrame = cached((text) => readJavaScript(text) ?? readJava(text));

/** `File "/srv/app/steps.py", line 12, in run` */
function readPython(line: string): Frame | undefined {
  const end = line.indexOf('", line ', 6);
  if (end === -1) return undefined;
  const path = line.slice(6, end);
  const at = line.indexOf(', in ', end);
  const name = at === -1 ? '' : line.slice(at + 5);
  if (!PYTHON_LIBRARY.some((part) => path.includes(part))) return frame(name, path, true);
  return { ...frame(name, path, false), library: packageIn(path, '-packages') };
}

/** The folder, or the scope and the folder, behind the last folder of packages; '' outside of one. */
function packageIn(path: string, folder: string): string {
  const at = path.lastIndexOf(folder);
  if (at === -1) return '';
  const [, first = '', second = ''] = path.slice(at + folder.length).split(/[/\\]/, 3);
  return first.startsWith('@') ? `${first}/${second}` : first;
}

const PYTHON_LIBRARY = [
  'site-packages',
  'dist-packages',
  '/lib/python',
  '/lib64/python',
  '<frozen ',
  '.pyx',
  '\\lib\\',
  '\\Lib\\',
];

/** `async run (file:///srv/app/steps.js:12:7)` or `/srv/app/steps.js:12:7`; undefined for Java's. */
function readJavaScript(text: string): Frame | undefined {
  const open = text.indexOf(' (');
  const place = open === -1 ? text : text.slice(open + 2, -1);
  const path = withoutPosition(place);
  const isNowhere = path === place && open !== -1;
  if (path === place && !isNowhere) return undefined;
  let name = open === -1 ? '' : text.slice(0, open);
  if (name.startsWith('async ')) name = name.slice(6);
  if (name.startsWith('new ')) name = name.slice(4);
  const alias = name.indexOf(' [as ');
  if (alias !== -1) name = name.slice(0, alias);
  if (isNowhere) return { name: nameOf(name), isOwn: false };
  if (name === '<anonymous>' || name === 'Object.<anonymous>') name = '';
  if (path.includes('node_modules')) {
    return { ...frame(name, path, false), library: packageIn(path, 'node_modules') };
  }
  return frame(name, path, !JAVASCRIPT_RUNTIME.some((start) => path.startsWith(start)));
}

const JAVASCRIPT_RUNTIME = ['node:', 'internal/', 'ext:', 'bun:', '<anonymous>', 'native'];

/** The place without `:line:column`; the same when it has none. */
function withoutPosition(place: string): string {
  let end = place.length;
  for (let part = 0; part < 2; part++) {
    let at = end;
    while (at > 0 && isDigit(place.charCodeAt(at - 1))) at--;
    if (at === end || place.charCodeAt(at - 1) !== 0x3a)
      return part === 0 ? place : place.slice(0, end);
    end = at - 1;
  }
  return place.slice(0, end);
}

/** `java.base/java.util.ArrayList.get(ArrayList.java:427)` */
function readJava(text: string): Frame | undefined {
  const open = text.indexOf('(');
  if (open < 1 || text.indexOf('.') > open || text.lastIndexOf(' ', open) !== -1) return undefined;
  const module = text.lastIndexOf('/', open);
  // Classes that are made at run time end in a number or an address.
  const generated = text.indexOf('$$', module + 1);
  let name = text.slice(module + 1, open);
  if (generated !== -1 && generated < open) {
    name = text.slice(module + 1, generated) + text.slice(text.lastIndexOf('.', open), open);
  }
  return { name: nameOf(name), isOwn: !JAVA_LIBRARY.some((start) => name.startsWith(start)) };
}

const JAVA_LIBRARY = [
  'java.',
  'javax.',
  'jakarta.',
  'jdk.',
  'sun.',
  'com.sun.',
  'kotlin.',
  'kotlinx.',
  'scala.',
  'groovy.',
  'org.springframework.',
  'org.apache.',
  'org.hibernate.',
  'org.eclipse.',
  'org.junit.',
  'io.netty.',
  'reactor.',
  'okhttp',
  'com.google.common.',
  'com.fasterxml.',
];

/** A function such as `main.(*Agent).Run(0xc000012345)` and the line of its file below it. */
export function goFrame(call: string, location: string): Frame | undefined {
  const isCreator = call.startsWith('created by ');
  const end = isCreator ? call.indexOf(' in goroutine') : call.lastIndexOf('(');
  const name = call.slice(isCreator ? 11 : 0, end < 1 ? undefined : end);
  const path = location.slice(0, location.indexOf('.go:') + 3);
  return { name: nameOf(name), isOwn: !GO_LIBRARY.some((part) => path.includes(part)) };
}

const GO_LIBRARY = ['/go/src/', '/pkg/mod/', '/vendor/', '/libexec/src/', '/src/runtime/'];

function frame(name: string, path: string, isOwn: boolean): Frame {
  return { name: `${nameOf(name)}@${moduleOf(path)}`, isOwn };
}

/** A name without its numbers: those of lambdas, closures and generated classes change. */
function nameOf(name: string): string {
  for (let i = 0; i < name.length; i++) {
    if (isDigit(name.charCodeAt(i))) return name.slice(0, 200).replace(/\d+/g, '#');
  }
  return name.length > 200 ? name.slice(0, 200) : name;
}

/** File names that say nothing without their folder. */
const NAMELESS = new Set(['index', '__init__', 'mod', 'route', 'page', 'handler']);

/** The file's name without folder, end and what a build puts into it; its folder where that names it. */
function moduleOf(path: string): string {
  const slash = lastSlash(path, path.length);
  const file = path.slice(slash + 1);
  // Text that was run as code has whatever name was at hand.
  if (file.includes(' ')) return '?';
  const dot = file.indexOf('.');
  const name = dot > 0 ? file.slice(0, dot) : file;
  if (NAMELESS.has(name) && slash > 0) {
    return nameOf(`${path.slice(lastSlash(path, slash) + 1, slash)}/${name}`);
  }
  for (let i = 0; i < name.length; i++) {
    if (isDigit(name.charCodeAt(i))) return withoutParts(name);
  }
  return name;
}

/** With a sign for each part that has a digit: hashes, times, process ids. */
function withoutParts(name: string): string {
  return name
    .slice(0, 200)
    .split(/[-_]/)
    .map((part) => (/\d/.test(part) ? '#' : part))
    .join('_');
}

function lastSlash(path: string, before: number): number {
  const end = before - 1;
  return Math.max(path.lastIndexOf('/', end), path.lastIndexOf('\\', end));
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
