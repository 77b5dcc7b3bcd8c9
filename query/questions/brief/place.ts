// Where in the application a stack begins: the innermost frame that is its own.
import { z } from 'zod';

export const place = z.object({
  /** '' where the frame has no name. */
  function: z.string(),
  file: z.string(),
  line: z.number().int(),
});
type Place = z.infer<typeof place>;

const FOREIGN =
  /node_modules|^node:|internal\/|site-packages|dist-packages|lib\/python\d|<anonymous>|<frozen|\/faultline\/|^\[/;
const LINES = 100;
const LONGEST = 800;
const SEGMENTS = 4;

const v8 =
  /^at (?:async )?(?:(.{1,200}?) ?\()?(?:file:\/\/)?([^()\s][^()]{0,500}?):(\d{1,7})(?::\d{1,7})?\)?$/;
const python = /^File "([^"]{1,500})", line (\d{1,7})(?:, in (.{1,200}))?$/;

function frameOf(line: string): Place | undefined {
  const js = v8.exec(line);
  if (js) return { function: js[1] ?? '', file: js[2]!, line: Number(js[3]) };
  const py = python.exec(line);
  if (py) return { function: py[3] ?? '', file: py[1]!, line: Number(py[2]) };
  return undefined;
}

/** The last parts of a path, as far as a reader of the repository needs them. */
const shortPath = (file: string): string => {
  const parts = file.split(/[/\\]/).filter(Boolean);
  return parts.length > SEGMENTS ? parts.slice(-SEGMENTS).join('/') : file;
};

/** The innermost own frame of a stack of JavaScript, Java or Python; null when there is none. */
export function placeOf(stack: string): Place | null {
  const lines = stack.split('\n').map((line) => line.trim());
  const isPython = lines.some((line) => line.startsWith('Traceback '));
  // Python writes the innermost frame last.
  const shown = isPython ? lines.slice(-LINES).reverse() : lines.slice(0, LINES);
  for (const line of shown) {
    const frame = line.length <= LONGEST ? frameOf(line) : undefined;
    if (frame && !FOREIGN.test(frame.file)) return { ...frame, file: shortPath(frame.file) };
  }
  return null;
}
