// `main.(*Agent).Run(0xc000012345)` with the line of its file below it.
import { type Frame, nameOf } from './frame.ts';

/** Whether a line is the place of the call above it: `/srv/app/main.go:12 +0x1d`. */
export function isGoPlace(line: string): boolean {
  const at = line.indexOf('.go:');
  if (at < 1) return false;
  const digit = line.charCodeAt(at + 4);
  // A blank before it belongs to a folder's name, a bracket to another kind of line.
  return digit >= 0x30 && digit <= 0x39 && line.lastIndexOf('(', at) === -1;
}

export function goFrame(call: string, place: string): Frame | undefined {
  const isCreator = call.startsWith('created by ');
  const end = isCreator ? call.indexOf(' in goroutine') : call.lastIndexOf('(');
  const name = nameOf(call.slice(isCreator ? 11 : 0, end < 1 ? undefined : end));
  if (name === '' || name.includes(' ')) return undefined;
  return { name, isRuntime: isCreator || isStandard(name, place) };
}

/** Of the standard library: its packages have no host in their first part. */
function isStandard(name: string, place: string): boolean {
  if (name === 'panic' || name.startsWith('runtime.') || name.startsWith('runtime/')) return true;
  if (place.includes('/go/src/') || /\/go\/[\w.-]+\/x64\/src\//.test(place)) return true;
  const [first = ''] = name.split('/', 1);
  if (name.includes('/')) return !first.includes('.') && place.startsWith(first);
  // `bufio.(*Reader).Read` in bufio/bufio.go, but `main.run` in main.go.
  const [pack = ''] = first.split('.', 1);
  return pack !== 'main' && place.startsWith(`${pack}/`);
}
