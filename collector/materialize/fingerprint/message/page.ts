// An HTML page instead of an answer: its title and first heading.

const STARTS = ['<!doctype html', '<html'];
const MAX_SEARCHED = 16_384;
const MAX_TITLE = 200;

/** The message with the page's title and heading for the page; undefined when it holds none. */
export function titled(message: string): string | undefined {
  const text = message.slice(0, MAX_SEARCHED);
  const lower = text.toLowerCase();
  const start = Math.min(
    ...STARTS.map((begin) => lower.indexOf(begin)).map((at) => (at === -1 ? text.length : at)),
  );
  // What quotes the first characters of a page says that it was one, not which.
  if (start === text.length || lower.indexOf('>', start) === -1 || isQuoted(text, start))
    return undefined;
  const title = between(text, lower, '<title', '</title', start);
  const heading = between(text, lower, '<h1', '</h1', start);
  const code = between(text, lower, '<h2', '</h2', start);
  const about = [...new Set([title, heading || code].filter(Boolean))].join(': ');
  return `${text.slice(0, start)}HTML page ${about}`;
}

function isQuoted(text: string, start: number): boolean {
  const before = text[start - 1] ?? '';
  return before !== '' && '"\'`'.includes(before);
}

function between(text: string, lower: string, open: string, close: string, from: number): string {
  const start = lower.indexOf(open, from);
  const begin = start === -1 ? -1 : lower.indexOf('>', start);
  const end = begin === -1 ? -1 : lower.indexOf(close, begin);
  if (end === -1) return '';
  const inner = text.slice(begin + 1, Math.min(end, begin + 1 + 4 * MAX_TITLE));
  return inner
    .replace(/<[^<>]{0,200}>/g, ' ')
    .replace(/&[a-z#0-9]{1,8};/gi, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_TITLE);
}
