// What pydantic says: per finding the path and the code, never the value.
import { BREAK_MARK, CODE_MARK } from './body.ts';

const HEAD = /(\d+) validation errors? for ([^\n]{1,200})\n/;
/** `  Field required [type=missing, input_value=..., input_type=dict]`, or `(type=value_error.missing)`. */
const CODE = /[[(]type=([\w.]{1,60})/;
const MAX_FINDINGS = 8;
const MAX_LINES = 200;

/** The message with its findings as codes; undefined when it holds none. */
export function findingsOf(message: string): string | undefined {
  const head = HEAD.exec(message);
  if (!head) return undefined;
  const found = new Set<string>();
  let path = '';
  for (const line of message.slice(head.index + head[0].length).split('\n', MAX_LINES)) {
    if (!line.startsWith(' ')) {
      path = pathOf(line);
      continue;
    }
    const code = CODE.exec(line.slice(0, 2000))?.[1];
    if (code !== undefined && found.size < MAX_FINDINGS) found.add(`${path}:${code}`);
  }
  if (found.size === 0) return undefined;
  const codes = [...found].sort().map((finding) => CODE_MARK + finding);
  const before = message.slice(0, head.index);
  return [
    `${before}validation error for ${CODE_MARK}${head[2]!.trim().split(' ', 1)[0]}`,
    ...codes,
  ].join(BREAK_MARK);
}

/** `items.0.price` and `output -> component` without numbers and blanks. */
function pathOf(line: string): string {
  return line
    .slice(0, 200)
    .split(/ -> |\.|\s/)
    .filter((part) => /^[A-Za-z_][\w-]*$/.test(part))
    .join('.');
}
