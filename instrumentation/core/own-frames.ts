// Which frames of a stack are this library's own: those are no part of the app's stack.
import { readFileSync } from 'node:fs';

const PACKAGE = '@faultline/instrumentation';

/** The address of this package's folder; `null` in a bundle, whose files are the app's. */
let ownFolder: string | null | undefined;

/** The stack without the frames of this library's files. */
export function withoutOwnFrames(stack: string): string {
  if (ownFolder === undefined) ownFolder = findFolder() ?? null;
  const folder = ownFolder;
  if (folder === null || !stack.includes(folder)) return stack;
  const isOwn = (line: string) => line.startsWith('    at ') && line.includes(folder);
  return stack
    .split('\n')
    .filter((line) => !isOwn(line))
    .join('\n');
}

/** The nearest package around this file, if it is ours. */
function findFolder(): string | undefined {
  // In a bundle of CommonJS there is none; so it is not read when the module is loaded.
  const here = import.meta.url as string | undefined;
  if (!here?.startsWith('file:')) return undefined;
  for (let folder = new URL('./', here); ; folder = new URL('../', folder)) {
    const name = packageIn(folder);
    if (name !== undefined) return name === PACKAGE ? folder.href : undefined;
    if (folder.pathname === new URL('../', folder).pathname) return undefined;
  }
}

/** The name of the package in a folder; empty if it has none, `undefined` if there is no package. */
function packageIn(folder: URL): string | undefined {
  try {
    const { name } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'));
    return typeof name === 'string' ? name : '';
  } catch {
    return undefined;
  }
}
