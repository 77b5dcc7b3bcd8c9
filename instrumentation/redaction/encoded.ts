// Secrets that one level of encoding hides: percent signs, base64, hexadecimal. What holds one goes whole,
// or, of percent signs, as what it means without the secret.
import { HEX, isAt, isCode, TOKEN_SIGN, WORD } from './characters.ts';
import { type Codes, codesOf, MARGIN } from './codes.ts';
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
const PRINTABLE = /^[\t\n\r\x20-\x7e]{12}/;
const HEX_ONLY = /^(?:[0-9a-f]{2}){20,}$/i;

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
  const codes = codesOf(text);
  const last = MARGIN + text.length;
  // A run covers two of these places, whatever it is.
  for (let at = MARGIN + LEAST_RUN - 1; at < last; at += STEP) {
    if (!isInRun(codes, at)) continue;
    const start = runStart(codes, at);
    const end = runEnd(codes, at, Math.min(start + MAX_RUN, last));
    at = Math.max(at, end);
    if (end - start < LEAST_RUN) continue;
    const begin = bodyStart(codes, start, end);
    if (!isHex(codes, begin) && !mayBeReadable(codes, begin)) continue;
    const run = text.slice(begin - MARGIN, end - MARGIN);
    const plain = binaryDecoded(run);
    if (plain !== undefined) found.push(runOf(begin - MARGIN, run, plain, false));
  }
  return found;
}

const RUN = WORD | TOKEN_SIGN;
const STEP = LEAST_RUN / 2;

/** Whether a run may have this place and the one before it. */
function isInRun(codes: Codes, at: number): boolean {
  return (
    isCode(codes[at]!, RUN) && isCode(codes[at - STEP]!, RUN) && isCode(codes[at - STEP / 2]!, RUN)
  );
}

/** Behind what has grown into a run: `data=`, `0x`. */
function bodyStart(codes: Codes, start: number, end: number): number {
  if (codes[start] === 0x30 && codes[start + 1] === 0x78) return start + 2;
  for (let i = start + 1; i < start + LEAST_RUN && i + LEAST_RUN < end; i++) {
    if (codes[i] === 0x3d) return i + 1;
  }
  return start;
}

function runStart(codes: Codes, at: number): number {
  let start = at;
  while (start > at - LEAST_RUN && isCode(codes[start - 1]!, RUN)) start--;
  return start;
}

function runEnd(codes: Codes, at: number, most: number): number {
  let end = at;
  while (end < most && isCode(codes[end]!, RUN)) end++;
  return end;
}

/** Whether the text has a run that may be encoded: one that `decoded` would look at. */
export function hasRun(text: string): boolean {
  const codes = codesOf(text);
  const last = MARGIN + text.length;
  for (let at = MARGIN + LEAST_RUN - 1; at < last; at += STEP) {
    if (!isInRun(codes, at)) continue;
    const start = runStart(codes, at);
    if (runEnd(codes, at, Math.min(start + LEAST_RUN, last)) - start >= LEAST_RUN) return true;
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

function isHex(codes: Codes, at: number): boolean {
  return isCode(codes[at]!, HEX) && isCode(codes[at + 1]!, HEX) && isCode(codes[at + 2]!, HEX);
}

/** What the run means, if that is text. */
function binaryDecoded(run: string): string | undefined {
  if (run.length > MAX_RUN) return undefined;
  const coding = HEX_ONLY.test(run) ? 'hex' : 'base64';
  const first = Buffer.from(run.slice(0, coding === 'hex' ? 24 : 16), coding).toString('latin1');
  return PRINTABLE.test(first) ? Buffer.from(run, coding).toString('utf8') : undefined;
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** The value of each character in base64; 64 for those that have none. */
const SIXES = new Uint8Array(128).fill(64);
for (let value = 0; value < 64; value++) SIXES[DIGITS.charCodeAt(value)] = value;
SIXES[0x2d] = 62;
SIXES[0x5f] = 63;

/**
 * Whether the first 12 bytes that the base64 at `begin` means are ASCII. Most runs are names, paths and hashes, which
 * mean nothing.
 */
function mayBeReadable(codes: Codes, begin: number): boolean {
  for (let i = begin; i < begin + 16; i += 4) {
    const a = SIXES[codes[i]!]!;
    const b = SIXES[codes[i + 1]!]!;
    const c = SIXES[codes[i + 2]!]!;
    const d = SIXES[codes[i + 3]!]!;
    if ((a | b | c | d) >= 64) return true;
    if (a >= 32 || (b & 15) >= 8 || (c & 3) >= 2) return false;
  }
  return true;
}
