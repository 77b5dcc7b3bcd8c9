// Redaction by path, besides that by form and key: what is removed wherever it is found, and what stays.

import { standard } from './index.ts';
import { below, DENIED, MARK, parsePaths, type Step } from './paths.ts';
import type { Json } from './plain.ts';
import {
  addCounts,
  looksLikeJson,
  nameOfMember,
  parsedJson,
  type Redactions,
  type Redactor,
} from './redact.ts';

/** Lists of {@link redactPaths}. */
export interface PathLists {
  /** What stands there is removed, whatever it is. Wins over {@link allow}. */
  readonly deny?: readonly string[] | undefined;
  /** What stands there stays, although the built-in redaction would remove it. */
  readonly allow?: readonly string[] | undefined;
  /** Redacts what the deny list leaves, instead of the built-in redaction; not together with {@link allow}. */
  readonly redact?: Redactor | undefined;
}

const ESCAPE = /\\+u([0-9a-f]{4})/gi;
const FRAME = /^ {4}at .*:\d+:\d+\)?$/;

/** Which paths lead on from a place. */
interface Place {
  readonly deny: readonly Step[];
  readonly allow: readonly Step[];
  readonly isDenied: boolean;
  /** Whether the built-in redaction stays away from it and from all below. */
  readonly isOpen: boolean;
}

/**
 * A redactor with lists of paths, for every option that takes one.
 *
 * ```ts
 * redactPaths({ deny: ['input.customer.name', 'input.lines[*].text', '**.ssn'], allow: ['input.contact'] });
 * ```
 *
 * A path begins with the field (`input`, `state`, `evidence`, `message`, `stacktrace`, `graph`) or with
 * `**`, any depth in each of them. `[*]` and `*` are any key, `["a.b"]` is one with signs. It goes on
 * inside texts that are JSON.
 * @throws {TypeError} if a list or a path is wrong; the message names both
 */
export function redactPaths({ deny, allow, redact }: PathLists): Redactor {
  if (allow && redact) {
    throw new TypeError('redactPaths: allow is for the built-in redaction, which redact replaces');
  }
  const denied = parsePaths(deny, 'redactPaths: deny');
  return redactSteps(denied, parsePaths(allow, 'redactPaths: allow'), redact);
}

/** {@link redactPaths} with paths that are parsed; without `redact` the built-in redaction. */
export function redactSteps(
  denied: readonly Step[],
  allow: readonly Step[],
  redact?: Redactor,
): Redactor {
  const ofMessage = denied.filter(({ name }) => name === 'message');
  const noMessage = ofMessage.some(({ next }) => !next);
  const deny = [...denied, ...ofMessage.flatMap(repetitions)];
  const root: Place = { deny, allow, isDenied: false, isOpen: redact !== undefined };
  return (value, path = []) => {
    const redactions: Redactions = {};
    const place = path.reduce(placeAt, root);
    const isStack = path[0] === 'stacktrace' && typeof value === 'string' && !place.isDenied;
    const kept = isStack
      ? stackAt(value, place, noMessage, redactions)
      : valueAt(value, place, redactions);
    if (!redact) return { value: kept, redactions };
    const after = redact(kept, path);
    addCounts(redactions, after.redactions);
    return { value: after.value, redactions };
  };
}

/** Where a message stands too: in its stack, and as a cause of the error around it. */
function repetitions(message: Step): Step[] {
  const keys = [undefined, 'causes', 'evidence'];
  const cause = keys.reduce<Step>((next, name) => ({ ...message, name, next }), message);
  // Of a stack whose whole message goes the frames stay.
  return message.next ? [cause, { ...message, name: 'stacktrace' }] : [cause];
}

function placeAt(place: Place, key: string): Place {
  const deny = below(place.deny, key);
  const allow = below(place.allow, key);
  const isSame = deny.rest === place.deny && allow.rest === place.allow;
  if (isSame && !deny.ends && !allow.ends && !place.isDenied) return place;
  return {
    deny: deny.rest,
    allow: allow.rest,
    isDenied: place.isDenied || deny.ends,
    isOpen: place.isOpen || allow.ends,
  };
}

function valueAt(value: Json, place: Place, counts: Redactions): Json {
  if (place.isDenied) return value === MARK ? value : mark(counts);
  const goesOn = place.deny.length > 0 || (place.allow.length > 0 && !place.isOpen);
  if (!goesOn || value === null || (typeof value !== 'object' && typeof value !== 'string')) {
    return place.isOpen ? value : standard.value(value, counts);
  }
  if (typeof value === 'string') return textAt(value, place, counts);
  if (Array.isArray(value)) {
    return value.map((item, index) => {
      const at = placeAt(place, String(index));
      const isLeft = at.isDenied || at.isOpen;
      const kind = isLeft ? '' : standard.kindOfItem(value, index);
      return kind === '' ? valueAt(item, at, counts) : standard.mark(kind, counts);
    });
  }
  // Unlike an assignment it makes of `__proto__` a key like any other.
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      place.isOpen ? key : standard.text(key, counts),
      memberAt(nameOfMember(value, key), member, placeAt(place, key), counts),
    ]),
  );
}

function memberAt(key: string, member: Json, place: Place, counts: Redactions): Json {
  const kind = place.isDenied || place.isOpen ? '' : standard.kindOfMember(key, member);
  return kind === '' ? valueAt(member, place, counts) : standard.mark(kind, counts);
}

/** Paths go on inside JSON text. Other text that quotes a key from the deny list goes as a whole. */
function textAt(text: string, place: Place, counts: Redactions): Json {
  const value = looksLikeJson(text) ? parsedJson(text) : undefined;
  if (value === undefined) {
    if (mayHide(text, place)) return mark(counts);
    return place.isOpen ? text : standard.text(text, counts);
  }
  const found: Redactions = {};
  const result = valueAt(value, place, found);
  addCounts(counts, found);
  // Of a key that comes twice only the last is seen.
  const isSame = Object.keys(found).length === 0 && !mayHide(text, place);
  return isSame ? text : JSON.stringify(result);
}

/** The frames of a stack stay when its message goes. */
function stackAt(stack: string, place: Place, noMessage: boolean, counts: Redactions): Json {
  const clean = (text: string) => (place.isOpen ? text : standard.text(text, counts));
  const isHidden = (text: string) =>
    place.deny.some(({ quoted }) => !quoted) || mayHide(text, place);
  if (!noMessage && !isHidden(stack)) return clean(stack);
  const frames = stack.split('\n').filter((line) => FRAME.test(line) && !mayHide(line, place));
  return [mark(counts), clean(frames.join('\n'))].join('\n');
}

/** Whether something that the deny list names may stand in a text that is no data. */
function mayHide(text: string, { deny }: Place): boolean {
  if (deny.length === 0) return false;
  const plain = text.includes('\\u') ? text.replace(ESCAPE, unescaped) : text;
  return deny.some(({ quoted }) => (quoted ? quoted.test(plain) : looksLikeJson(text)));
}

function unescaped(_escape: string, code: string): string {
  return String.fromCharCode(Number.parseInt(code, 16));
}

function mark(counts: Redactions): string {
  return standard.mark(DENIED, counts);
}
