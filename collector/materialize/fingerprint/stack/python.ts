// `File "/srv/app/steps.py", line 12, in run`
import { cached, type Frame, fileFrame, packageIn } from './frame.ts';

const PACKAGES = ['site-packages', 'dist-packages'];
const RUNTIME = ['/lib/python', '/lib64/python', '\\lib\\', '\\Lib\\', '/Python.framework/'];

export const pythonFrame = cached(read);

function read(line: string): Frame | undefined {
  const end = line.indexOf('", line ', 6);
  if (end === -1) return undefined;
  const path = line.slice(6, end);
  const at = line.indexOf(', in ', end);
  const name = at === -1 ? '' : line.slice(at + 5);
  for (const folder of PACKAGES) {
    const library = packageIn(path, folder);
    if (library !== '') return fileFrame(name, path, false, library);
  }
  // Generated code and what is frozen into the interpreter have no file; `<string>` is the app's own.
  const isGenerated = path.startsWith('<') && path !== '<string>' && path !== '<stdin>';
  const isRuntime = isGenerated || RUNTIME.some((part) => path.includes(part));
  return fileFrame(name, path, isRuntime);
}
