// Texts and JSON values without their secrets.

import { isPasswordOption, kindAfter } from './elements.ts';
import { type Decoded, decoded } from './encoded.ts';
import { kindOfKey, kindOfValue, secretName } from './keys.ts';
import { inOrder, isMark, type Match, markOf } from './match.ts';
import { nationalIds } from './national-ids.ts';
import type { Json } from './plain.ts';
import { scan } from './scan.ts';

/** How often each kind of secret was removed. */
export type Redactions = Record<string, number>;

/** A value without its secrets, and what was removed from it. */
export interface Redacted {
  readonly value: Json;
  readonly redactions: Redactions;
}

/**
 * Removes secrets from plain JSON; may throw, and then the field is dropped.
 * @param path where the value stands: `['input']`, `['evidence', 'output']`; none for names and ids
 */
export type Redactor = (value: Json, path?: readonly string[]) => Redacted;

/** What is looked for besides secrets, e-mail addresses and card numbers. */
export interface RedactionOptions {
  /** National ids too. @default false */
  readonly nationalIds?: boolean;
}

/** How far beyond its bound a text is looked at, in UTF-16 units: a secret that the bound splits shows. */
const MARGIN = 4096;

/** An escape of what needs none. */
const ASCII_ESCAPE = /\\u00[2-7]/;

/** Removes secrets from text and JSON values. */
export class Redaction {
  readonly #nationalIds: boolean;

  constructor(options: RedactionOptions = {}) {
    this.#nationalIds = options.nationalIds ?? false;
  }

  /**
   * The first `limit` UTF-16 units of a text, without the secrets that start in them. JSON text stays
   * JSON text unless it is cut.
   * @param counts gets what was removed
   */
  text(text: string, counts: Redactions, limit: number = Number.POSITIVE_INFINITY): string {
    if (text.length > limit) return this.#flat(text.slice(0, limit + MARGIN), counts, limit);
    if (mayHide(text)) return this.#json(text, counts) ?? this.#flat(text, counts);
    const found: Redactions = {};
    const result = this.#flat(text, found);
    if (looksLikeJson(text) && result !== text && parsedJson(result) === undefined) {
      const json = this.#json(text, counts);
      if (json !== undefined) return json;
    }
    addCounts(counts, found);
    return result;
  }

  /** A copy of the value; in objects also what stands under a secret-like key is removed. */
  value(value: Json, counts: Redactions): Json {
    if (typeof value === 'string') return this.text(value, counts);
    if (typeof value === 'number') return this.number(value, counts);
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return this.#list(value, counts);
    // Unlike an assignment it makes of `__proto__` a key like any other.
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [
        this.text(key, counts),
        this.member(nameOfMember(value, key), member, counts),
      ]),
    );
  }

  #list(list: readonly Json[], counts: Redactions): Json[] {
    return list.map((item, index) => {
      const kind = this.kindOfItem(list, index);
      return kind === '' ? this.value(item, counts) : this.mark(kind, counts);
    });
  }

  /**
   * The kind of secret that an element of a list is because of the one before it, which is a name or an
   * option; '' if it is none.
   */
  kindOfItem(list: readonly Json[], index: number): string {
    const [before, item] = [list[index - 1], list[index]];
    if (typeof item === 'string' && isPasswordOption(item, list)) return 'password';
    if (typeof before !== 'string' || typeof item !== 'string') return '';
    return kindAfter(before, item, `${list[0]} ${list[1]}`);
  }

  /** The kind of secret that this text is because of its key; '' when its key says nothing. */
  kindUnder(key: string, text: string): string {
    return text === '' || isMark(text) ? '' : kindOfValue(key, text);
  }

  /** What stands where a secret of this kind was, which is counted. */
  mark(kind: string, counts: Redactions): string {
    count(counts, kind);
    return markOf(kind);
  }

  /** The kind of secret that a member is because of its key; '' when its key says nothing. */
  kindOfMember(key: string, member: Json): string {
    if (typeof member === 'string') return this.kindUnder(key, member);
    if (member === null || typeof member === 'boolean') return '';
    return Array.isArray(member) && member.some((item) => isSecretUnder(key, item))
      ? (secretName(key)?.kind ?? '')
      : kindOfKey(key);
  }

  /** A copy of what stands under this key in an object. */
  member(key: string, member: Json, counts: Redactions): Json {
    const kind = this.kindOfMember(key, member);
    return kind === '' ? this.value(member, counts) : this.mark(kind, counts);
  }

  /** A number as it is, or as the mark of what its digits are. */
  number(value: number, counts: Redactions): Json {
    if (!Number.isSafeInteger(value) || value < 1e12) return value;
    const text = String(value);
    const result = this.text(text, counts);
    return result === text ? value : result;
  }

  #json(text: string, counts: Redactions): string | undefined {
    const value = parsedJson(text);
    if (value === undefined) return undefined;
    const found: Redactions = {};
    const result = this.value(value, found);
    addCounts(counts, found);
    return Object.keys(found).length === 0 ? text : JSON.stringify(result);
  }

  #matches(text: string, limit: number): readonly Found[] {
    const found = scan(text, limit);
    const runs = decoded(text);
    if (runs.length === 0 && !this.#nationalIds) return found;
    const more = this.#nationalIds ? nationalIds(text) : [];
    const hidden = this.#hidden(runs, found);
    return more.length + hidden.length === 0 ? found : inOrder([...hidden, ...found, ...more]);
  }

  /**
   * Secrets that one level of encoding hides.
   * @param seen what shows without decoding; where that is as much, nothing is decoded
   */
  #hidden(runs: readonly Decoded[], seen: readonly Match[]): Found[] {
    return runs.flatMap(({ text: plain, isReadable, start, end }) => {
      const counts: Redactions = {};
      const clean = this.#decoded(plain, counts);
      const kind = Object.keys(counts)[0];
      if (kind === undefined) return [];
      const inside = seen.filter((match) => match.start < end && match.end > start);
      const more = Object.values(counts).reduce((sum, n) => sum + n, 0) - inside.length;
      const isAround = inside.some((match) => match.start < start || match.end > end);
      if (more <= 0 || isAround || (inside.length > 0 && !isReadable)) return [];
      return [{ start, end, kind, ...(isReadable && { instead: { text: clean, counts } }) }];
    });
  }

  #decoded(text: string, counts: Redactions): string {
    let result = '';
    let position = 0;
    for (const { start, end, kind, quote = '' } of scan(text, text.length)) {
      count(counts, kind);
      result += `${text.slice(position, start)}${quote}${markOf(kind)}${quote}`;
      position = end;
    }
    return result + text.slice(position);
  }

  #flat(text: string, counts: Redactions, limit: number = text.length): string {
    const found = this.#matches(text, limit);
    let result = '';
    let position = 0;
    for (const { start, end, kind, quote = '', instead } of found) {
      if (start >= limit) break;
      if (instead === undefined) count(counts, kind);
      else addCounts(counts, instead.counts);
      const now = instead?.text ?? `${quote}${markOf(kind)}${quote}`;
      result += `${text.slice(position, start)}${now}`;
      position = end;
    }
    if (position === 0 && limit >= text.length) return text;
    return position < limit ? result + text.slice(position, wholeLimit(text, limit)) : result;
  }
}

interface Found extends Match {
  /** What stands in its place, and what was removed from that. */
  readonly instead?: { readonly text: string; readonly counts: Redactions };
}

/** The name that says what a member is: `name` and `value` in one object, as in a HAR file. */
export function nameOfMember(object: { [key: string]: Json }, key: string): string {
  if (key.toLowerCase() !== 'value') return key;
  const name =
    object.name ?? object.Name ?? object.key ?? object.Key ?? object.header ?? object.path;
  if (typeof name !== 'string') return key;
  const last = name.slice(name.lastIndexOf('/') + 1);
  return secretName(last) !== undefined ? last : key;
}

function isSecretUnder(key: string, item: Json): boolean {
  return typeof item === 'string' && !isMark(item) && kindOfValue(key, item) !== '';
}

/** Adds the counts of `from` to `to`. */
export function addCounts(to: Redactions, from: Redactions): void {
  for (const [kind, number] of Object.entries(from)) to[kind] = (to[kind] ?? 0) + number;
}

function count(counts: Redactions, kind: string): void {
  counts[kind] = (counts[kind] ?? 0) + 1;
}

/** The limit, or one less where it would split a surrogate pair. */
function wholeLimit(text: string, limit: number): number {
  const code = text.charCodeAt(limit - 1);
  return limit < text.length && code >= 0xd800 && code < 0xdc00 ? limit - 1 : limit;
}

/** Whether a text begins as a JSON object or list does. */
export function looksLikeJson(text: string): boolean {
  const first = text.charCodeAt(0);
  if (first > 0x20) return first === 0x7b || first === 0x5b;
  return /^\s*[[{]/.test(text);
}

/** Whether it looks like JSON text with escapes that may hide a secret until it is read. */
export function mayHide(text: string): boolean {
  return looksLikeJson(text) && ASCII_ESCAPE.test(text);
}

/** The value of a JSON text; `undefined` if it is none. */
export function parsedJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
