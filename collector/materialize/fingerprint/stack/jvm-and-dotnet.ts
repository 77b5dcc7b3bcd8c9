// Frames that name class and method: `com.acme.A.run(A.java:3)` of Java and Kotlin, and
// `Acme.A.Run(String x) in C:\a.cs:line 3` of .NET, whose `at` is a word of the user's language.
import { cached, type Frame, nameOf } from './frame.ts';

const RUNTIME = [
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
  'System.',
  'Microsoft.',
];

/** A frame by its line without `at`. */
export const classFrame = cached(read);

/** A line of .NET in any language: one short word, then class and method with brackets. */
export function localizedFrame(line: string): Frame | undefined {
  const space = line.indexOf(' ');
  if (space < 1 || space > 8 || /[\w.]*[.:([]/.test(line.slice(0, space))) return undefined;
  const open = line.indexOf('(', space);
  if (open === -1 || !line.slice(space + 1, open).includes('.')) return undefined;
  return classFrame(line.slice(space + 1));
}

function read(text: string): Frame | undefined {
  const open = text.indexOf('(');
  if (open < 1 || text.indexOf('.') > open) return undefined;
  const called = text.slice(0, open).trimEnd();
  if (called.includes(' ')) return undefined;
  const name = nameOf(stable(called.slice(called.lastIndexOf('/') + 1)));
  // Accessors by reflection come and go as the runtime likes.
  const isRuntime = RUNTIME.some((start) => name.startsWith(start)) || name.includes('$$FastClass');
  return { name, isRuntime };
}

/** Without what compilers and proxies put into names. */
function stable(name: string): string {
  let made = name;
  for (const mark of ['$$', '$HibernateProxy$', '$Proxy', '$MockitoMock$']) {
    const at = made.indexOf(mark);
    if (at === -1 || made.startsWith('$$FastClass', at)) continue;
    made = made.slice(0, at) + made.slice(Math.max(made.lastIndexOf('.'), at));
  }
  // `Acme.A+<RunAsync>d__7.MoveNext` and `Acme.A.<>c.<Run>b__0` are RunAsync and Run.
  const state = /[.+]<+(\w+)>+[dbg]_[\w|]*(?:\.MoveNext)?$/.exec(made);
  if (state) made = `${made.slice(0, state.index)}.${state[1]}`;
  return made.replaceAll('+', '.').replace('.<>c', '');
}
