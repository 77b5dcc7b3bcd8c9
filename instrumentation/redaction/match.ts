// What a matcher finds.

/** A secret in a text: what lies between `start` and `end` is replaced. */
export interface Match {
  readonly start: number;
  readonly end: number;
  readonly kind: string;
  /** Quote to put around the mark, where a bare JSON value is replaced. */
  readonly quote?: string;
}

/** What stands where a secret was. */
export function markOf(kind: string): string {
  return `[redacted:${kind}]`;
}

/** The mark of an id is followed by a digest; a dropped field has a mark of its own. */
const MARK = /\[redacted:[\w.-]{1,64}\](?:~[0-9a-f]{8})?|\[redaction failed\]/y;
const MARKS = new RegExp(MARK.source, 'g');

/** The same with the marks blanked out, so that their signs are not taken for the text's own. */
export function withoutMarks(text: string): string {
  if (!text.includes('[redact')) return text;
  return text.replace(MARKS, (mark) => '*'.repeat(mark.length));
}

/** Where the mark that starts here ends; -1 when none does. */
export function markEnd(text: string, start: number): number {
  if (text[start] !== '[') return -1;
  MARK.lastIndex = start;
  return MARK.test(text) ? MARK.lastIndex : -1;
}

/** Whether the text is a mark and nothing else. */
export function isMark(text: string): boolean {
  return markEnd(text, 0) === text.length && text !== '';
}

/** Matches by their start without overlaps: of two that start together the longer one. */
export function inOrder<T extends Match>(matches: T[]): T[] {
  matches.sort((a, b) => a.start - b.start || b.end - a.end);
  let end = 0;
  return matches.filter((match) => {
    if (match.start < end) return false;
    end = match.end;
    return true;
  });
}
