// Frames of V8, `async run (file:///srv/app/steps.js:12:7)`, and of other engines, `run@https://x/a.js:1:2`.
import { cached, type Frame, fileFrame, packageIn } from './frame.ts';

const RUNTIME = ['node:', 'internal/', 'ext:', 'bun:', 'native', '<anonymous>', 'wasm:'];
/** From this column on a line was minified. */
const MINIFIED_COLUMN = 400;
/** A name of a minified program is not longer. */
const MINIFIED_NAME = 3;

/** A frame by its line without `at`; undefined for another language's. */
export const scriptFrame = cached((text) => {
  // Node prints an error's own fields behind its last frame.
  const line = text.endsWith(' {') ? text.slice(0, -2) : text;
  const open = line.indexOf(' (');
  if (open === -1) return read('', line);
  // The place of evaluated code names, in brackets of its own, where it was evaluated.
  return line.endsWith(')') ? read(line.slice(0, open), line.slice(open + 2, -1)) : undefined;
});

/** `run@https://app.example/a.js:1:2` of Firefox and Safari. */
export function atSignFrame(line: string): Frame | undefined {
  const at = line.indexOf('@');
  if (at === -1 || !line.includes('/', at) || line.lastIndexOf(' ', at) !== -1) return undefined;
  return read(line.slice(0, at), line.slice(at + 1));
}

function read(called: string, place: string): Frame | undefined {
  const name = functionOf(called);
  const { path, column } = parted(place);
  if (path === place) {
    // No line: built-in code, such as `Array.map (<anonymous>)`. Without brackets it is no frame of V8.
    if (called === '' || !RUNTIME.some((start) => place.startsWith(start))) {
      if (!/^index \d+$/.test(place)) return undefined;
    }
    return { name: `${name}@`, isRuntime: true };
  }
  if (path.startsWith('eval at ')) return { name: `${name}@eval`, isRuntime: true };
  const library = packageIn(path, 'node_modules');
  const shown = column >= MINIFIED_COLUMN ? withoutShort(name) : name;
  const isOurs = library === 'faultline' || library.startsWith('@faultline/');
  const isRuntime = isOurs || RUNTIME.some((start) => path.startsWith(start));
  return fileFrame(shown, path.split('?', 1)[0]!, isRuntime, library);
}

/** The function's name without what V8 says about the call; '' for one without a name. */
function functionOf(called: string): string {
  let name = called;
  if (name.startsWith('async ')) name = name.slice(6);
  if (name.startsWith('new ')) name = name.slice(4);
  const alias = name.indexOf(' [as ');
  if (alias !== -1) name = name.slice(0, alias);
  if (name === 'eval' || name === '<anonymous>' || name === 'Object.<anonymous>') return '';
  // `Module.parse` of one bundler is `parse` of the other.
  return name.replace(/^(?:Object|Module|exports|module\.exports)\./, '');
}

/** The parts of a name that are longer than a minifier's. */
function withoutShort(name: string): string {
  return name
    .split('.')
    .filter((part) => part.length > MINIFIED_NAME)
    .join('.');
}

/** The place without `:line:column`. */
function parted(place: string): { path: string; column: number } {
  let end = place.length;
  let column = 0;
  for (let part = 0; part < 2; part++) {
    let at = end;
    while (at > 0 && isDigit(place.charCodeAt(at - 1))) at--;
    if (at === end || place.charCodeAt(at - 1) !== 0x3a) {
      return { path: part === 0 ? place : place.slice(0, end), column: 0 };
    }
    if (part === 0) column = Number(place.slice(at, end));
    end = at - 1;
  }
  return { path: place.slice(0, end), column };
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
