/** The engine's own log as lines of ours. */
import type { Logger } from 'pino';

/** As in `2026.11.30 02:48:26.433705 [ 24436 ] {query-id} <Error> Component: text`. */
const LINE = /^\d{4}\.\d\d\.\d\d [\d:.]+ \[ \d+ \] \{[^}]*\} <(\w+)> (.*)$/;
const MOST_CHARS = 500;

/** What it says of a part of a table that is damaged on disk: the whole part is kept aside, and not read. */
const BROKEN_PART = /^(\S+) \([^)]*\): Detaching broken part (.*\/)([^/]+) \(size: ([^)]*)\)/;
/** What repeats another line: of a part that is damaged, of a merge that failed, of why the start failed, of a crash. */
const LOGGED_ELSEWHERE =
  /: (?:Part \S+ is broken and needs manual|while loading part )|Task::executeStep\(\)|^void DB::AsyncLoader::worker|^ClientBase: (?:\d+\. |Stack trace: |\(version |Sent by |#*$| )/;
/** Details that are longer than what they belong to. */
const DETAILS = /[,.]? (?:Stack trace |Parsed query: |from query ATTACH ).*$/;

/** How long the same is not logged again, in milliseconds: what fails in the background is tried several times a second. */
const REPEAT_MS = 60_000;
const MOST_KINDS = 1000;

/** Logs what is a message; stack traces and what the prompt prints are left out. */
export function engineLog(logger: Logger): (line: string) => void {
  const loggedAt = new Map<string, number>();
  const isRepeated = (message: string): boolean => {
    const kind = message.replaceAll(/\d+/g, '#');
    const now = performance.now();
    if (now - (loggedAt.get(kind) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return true;
    if (loggedAt.size >= MOST_KINDS) loggedAt.clear();
    loggedAt.set(kind, now);
    return false;
  };
  return (line) => {
    const [, level, text = ''] = LINE.exec(line) ?? [];
    if (level === undefined) return;
    const message = text.replace(DETAILS, '').slice(0, MOST_CHARS);
    const [, table, folder, part, size] = BROKEN_PART.exec(text) ?? [];
    if (LOGGED_ELSEWHERE.test(text)) return;
    if (part !== undefined) {
      logger.error(
        `rows of ${table} are damaged on disk and left out (${size}): ${folder}detached/broken-on-start_${part} keeps them; "faultline restore" brings back those of a backup`,
      );
    } else if (level === 'Fatal') logger.error(message);
    else if (!isRepeated(message)) logger.warn(message);
  };
}
