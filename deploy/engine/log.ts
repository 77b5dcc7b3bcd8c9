/** The engine's own log as lines of ours. */
import type { Logger } from 'pino';

/** As in `2026.11.30 02:48:26.433705 [ 24436 ] {query-id} <Error> Component: text`. */
const LINE = /^\d{4}\.\d\d\.\d\d [\d:.]+ \[ \d+ \] \{[^}]*\} <(\w+)> (.*)$/;
const MOST_CHARS = 500;

/** Logs what is a message; stack traces and what the prompt prints are left out. */
export function engineLog(logger: Logger): (line: string) => void {
  return (line) => {
    const [, level, text = ''] = LINE.exec(line) ?? [];
    if (level === undefined) return;
    const message = text.replace(/,? Stack trace .*$/, '').slice(0, MOST_CHARS);
    if (level === 'Fatal') logger.error(message);
    else logger.warn(message);
  };
}
