// Secrets that one level of encoding hides: percent signs, base64, hexadecimal. What holds one goes whole,
// or, of percent signs, as what it means without the secret.
import { HEX, isAt, runEnd, TOKEN_SIGN, WORD } from './characters.ts';
import type { Match } from './match.ts';

/** A run that is not what it seems, and what it means. */
export interface Decoded extends Match {
  readonly text: string;
  /** Whether what it means can stand in its place. */
  readonly isReadable: boolean;
}

const MAX_RUN = 8192;
/** Shorter ones hold no key. */
const LEAST_RUN = 40;
const HEX_ONLY = /^(?:[0-9a-f]{2}){20,}$/i;
const PRINTABLE = /^[\t\n\r\x20-\x7e]{12}/;

/** What the encoded runs of a text mean, as far as that is text. */
export function decoded(text: string): Decoded[] {
  const found: Decoded[] = [];
  if (text.includes('%')) {
    let behind = 0;
    for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', Math.max(at + 1, behind))) {
      if (!isAt(text, at + 1, HEX) || !isAt(text, at + 2, HEX)) continue;
      let start = at;
      while (start > behind && start > at - MAX_BEFORE && !isGap(text, start - 1)) start--;
      let end = at;
      while (end < text.length && end < at + MAX_RUN && !isGap(text, end)) end++;
      behind = end;
      const run = text.slice(start, end);
      const plain = percentDecoded(run);
      if (plain !== run) found.push(runOf(start, run, plain, true));
    }
  }
  // A run covers two of these places, whatever it is.
  for (let at = LEAST_RUN - 1; at < text.length; at += STEP) {
    if (!isInRun(text, at)) continue;
    const start = runStart(text, at);
    const end = runEnd(text, at, RUN, start + MAX_RUN);
    at = Math.max(at, end);
    if (end - start < LEAST_RUN) continue;
    const begin = bodyStart(text, start, end);
    const run = text.slice(begin, end);
    const plain = binaryDecoded(run);
    if (plain !== undefined) found.push(runOf(begin, run, plain, false));
  }
  return found;
}

const RUN = WORD | TOKEN_SIGN;
const STEP = LEAST_RUN / 2;

/** Whether a run may have this place and the one before it. */
function isInRun(text: string, at: number): boolean {
  return isAt(text, at, RUN) && isAt(text, at - STEP, RUN) && isAt(text, at - STEP / 2, RUN);
}

/** Behind what has grown into a run: `data=`, `0x`. */
function bodyStart(text: string, start: number, end: number): number {
  if (text.startsWith('0x', start)) return start + 2;
  const separator = text.indexOf('=', start);
  return separator > 0 && separator < start + LEAST_RUN && separator + LEAST_RUN < end
    ? separator + 1
    : start;
}

function runStart(text: string, at: number): number {
  let start = at;
  while (start > at - LEAST_RUN && isAt(text, start - 1, RUN)) start--;
  return start;
}

/** Whether the text has a run that may be encoded: one that `decoded` would look at. */
export function hasRun(text: string): boolean {
  for (let at = LEAST_RUN - 1; at < text.length; at += STEP) {
    if (!isInRun(text, at)) continue;
    const start = runStart(text, at);
    if (runEnd(text, at, RUN, start + LEAST_RUN) - start >= LEAST_RUN) return true;
  }
  return false;
}

const MAX_BEFORE = 512;
const GAPS = ' \t\r\n"\'`<>';

function isGap(text: string, index: number): boolean {
  return GAPS.includes(text[index]!);
}

function runOf(start: number, run: string, text: string, isReadable: boolean): Decoded {
  return { start, end: start + run.length, kind: 'api_key', text, isReadable };
}

function percentDecoded(run: string): string {
  try {
    return decodeURIComponent(run);
  } catch {
    return run.replace(/%[0-7][0-9A-Fa-f]/g, (escaped) =>
      String.fromCharCode(Number.parseInt(escaped.slice(1), 16)),
    );
  }
}

function binaryDecoded(run: string): string | undefined {
  if (run.length > MAX_RUN) return undefined;
  const coding = HEX_ONLY.test(run) ? 'hex' : 'base64';
  // Most runs are names, paths and hashes, which mean nothing: their first bytes show it.
  if (
    !PRINTABLE.test(
      Buffer.from(run.slice(0, coding === 'hex' ? 24 : 16), coding).toString('latin1'),
    )
  )
    return undefined;
  return Buffer.from(run, coding).toString('utf8');
}
