/** The engine's own log as lines of ours. */
import type { Logger } from 'pino';

/** As in `2026.11.30 02:48:26.433705 [ 24436 ] {query-id} <Error> Component: text`. */
const LINE = /^\d{4}\.\d\d\.\d\d [\d:.]+ \[ \d+ \] \{[^}]*\} <(\w+)> (.*)$/;
const MOST_CHARS = 500;

/** What it says of a part of a table that is damaged on disk: the whole part is kept aside, and not read. */
const BROKEN_PART = /^(\S+) \([^)]*\): Detaching broken part (.*\/)([^/]+) \(size: ([^)]*)\)/;
/** What it says of the same part before. */
const BEFORE_DETACHING = /: (?:Part \S+ is broken and needs manual|while loading part )/;

/** Logs what is a message; stack traces and what the prompt prints are left out. */
export function engineLog(logger: Logger): (line: string) => void {
  return (line) => {
    const [, level, text = ''] = LINE.exec(line) ?? [];
    if (level === undefined) return;
    const message = text.replace(/,? Stack trace .*$/, '').slice(0, MOST_CHARS);
    const [, table, folder, part, size] = BROKEN_PART.exec(text) ?? [];
    if (BEFORE_DETACHING.test(text)) return;
    if (part !== undefined) {
      logger.error(
        `rows of ${table} are damaged on disk and left out (${size}): ${folder}detached/broken-on-start_${part} keeps them; "faultline restore" brings back those of a backup`,
      );
    } else if (level === 'Fatal') logger.error(message);
    else logger.warn(message);
  };
}
