// Cuts a large JSON request into small ones before anything is parsed: `JSON.parse` cannot be interrupted, and
// takes seconds for what a few kilobytes of gzip can hold.
import { DecodeError, MAX_IN_REQUEST, MAX_ITEM_BYTES, MAX_TEXT_BYTES } from './span.ts';
import type { Steps } from './turns.ts';

/** Some items of a request, with the resource and the scope around them, as a request of its own. */
export interface Slice {
  text: string;
  /** Where the first item stands in the whole request: of groups, of scopes, of items. */
  at: readonly [group: number, scope: number, item: number];
}

/** An item that is too large to be read. */
export interface Oversized {
  path: string;
  problem: string;
}

/** Bytes, and containers and commas, of a slice; one item more may be in it. */
const SLICE_BYTES = 128 * 1024;
const SLICE_PARTS = 10_000;
/** Of one item, resource or scope. */
const MAX_PARTS = 100_000;
const MAX_ORIGIN_BYTES = 1024 * 1024;
const STEP_BYTES = 256 * 1024;
const ITEMS_AT_ONCE = 256;
const MAX_KEY_BYTES = 64;
/** Of a character that is written as an escape, or as UTF-8. */
const MAX_ESCAPE_BYTES = 16;
const MAX_SCALAR_BYTES = 256;
const MAX_SPACE_BYTES = 1024 * 1024;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const LETTER_N = 0x6e;

/** Bytes of a value in the body, and ranges in them that are left out. */
interface Range {
  start: number;
  end: number;
  parts: number;
  cuts: (readonly [from: number, to: number])[];
}

/**
 * Hands all items of the request over.
 * @param fields of the request, from the outermost to the items
 * @throws DecodeError when the body is not such a request, or holds more than any exporter sends
 */
export function sliceJson(
  body: Buffer,
  fields: readonly [groups: string, scopes: string, items: string],
  take: (slice: Slice | Oversized) => Steps<void>,
): Steps<void> {
  return new Slicer(body, fields, take).request();
}

class Slicer {
  private readonly body: Buffer;
  private readonly fields: readonly [string, string, string];
  private readonly take: (slice: Slice | Oversized) => Steps<void>;
  private pos = 0;
  private stepEnd = STEP_BYTES;
  private groups = 0;

  constructor(body: Buffer, fields: readonly [string, string, string], take: Slicer['take']) {
    this.body = body;
    this.fields = fields;
    this.take = take;
  }

  *request(): Steps<void> {
    const [groups] = this.fields;
    yield* this.members('the body', '', groups, () =>
      this.elements(groups, (index) => this.group(index)),
    );
    this.skipSpace();
    if (this.pos < this.body.length) throw this.broken();
  }

  private group(index: number): Steps<void> {
    this.count();
    const field = this.fields[1];
    const path = `${this.fields[0]}[${index}]`;
    return this.members(path, 'resource', field, (resource) =>
      this.elements(`${path}.${field}`, (i) => this.scope([index, i], path, resource)),
    );
  }

  private scope(at: readonly [number, number], groupPath: string, resource: string): Steps<void> {
    this.count();
    const field = this.fields[2];
    const path = `${groupPath}.${this.fields[1]}[${at[1]}]`;
    return this.members(path, 'scope', field, (scope) =>
      this.items(at, `${path}.${field}`, resource, scope),
    );
  }

  private *items(
    [group, scope]: readonly [number, number],
    path: string,
    resource: string,
    scopeText: string,
  ): Steps<void> {
    const [groups, scopes, field] = this.fields;
    // A large resource is not parsed again for a few items.
    const most = Math.max(SLICE_BYTES, resource.length + scopeText.length);
    let texts: string[] = [];
    let first = 0;
    let bytes = 0;
    let parts = 0;
    const { take } = this;
    function* hand(next: number): Steps<void> {
      const all = texts.join();
      const text = `{"${groups}":[{"resource":${resource},"${scopes}":[{"scope":${scopeText},"${field}":[${all}]}]}]}`;
      if (texts.length > 0) yield* take({ text, at: [group, scope, first] });
      texts = [];
      bytes = 0;
      parts = 0;
      first = next;
    }
    const self = this;
    yield* this.elements(path, function* (i): Steps<void> {
      const item = yield* self.value();
      const problem = problemOf(item, MAX_ITEM_BYTES);
      if (problem !== undefined) {
        yield* hand(i + 1);
        yield* take({ path: `${path}[${i}]`, problem });
        return;
      }
      texts.push(self.textOf(item));
      bytes += sizeOf(item);
      parts += item.parts;
      if (bytes >= most || parts >= SLICE_PARTS) yield* hand(i + 1);
    });
    yield* hand(0);
  }

  /** Resources, scopes and what holds them. */
  private count(): void {
    if (++this.groups > MAX_IN_REQUEST)
      throw new DecodeError(`more than ${MAX_IN_REQUEST} resources and scopes in one request`);
  }

  private origin(range: Range, path: string): string {
    const problem = problemOf(range, MAX_ORIGIN_BYTES);
    if (problem !== undefined) throw new DecodeError(`${path} ${problem}`, path);
    return this.textOf(range);
  }

  private textOf({ start, end, cuts }: Range): string {
    let text = '';
    let from = start;
    for (const [cut, rest] of cuts) {
      text += this.body.toString('utf8', from, cut);
      from = rest;
    }
    return text + this.body.toString('utf8', from, end);
  }

  /**
   * Reads the object here: hands the text of its member `origin` over where `inner` stands. What is behind it
   * is looked up first. `null` is as if it were not there.
   */
  private *members(
    path: string,
    origin: string,
    inner: string,
    read: (origin: string) => Steps<void>,
  ): Steps<void> {
    this.open(OPEN, path, 'an object');
    if (this.takes(CLOSE)) return;
    let around: string | undefined = origin === '' ? '' : undefined;
    const behind: number[] = [];
    do {
      const key = yield* this.key();
      this.expect(COLON);
      this.skipSpace();
      const isNull = this.body[this.pos] === LETTER_N;
      if (key === inner && !isNull && around !== undefined) {
        yield* read(around);
        continue;
      }
      const value = yield* this.value();
      if (isNull) continue;
      if (key === inner) behind.push(value.start);
      else if (key === origin) around = this.origin(value, `${path}.${origin}`);
    } while (this.takes(COMMA));
    this.expect(CLOSE);
    const end = this.pos;
    for (const start of behind) {
      this.pos = start;
      yield this.step();
      yield* read(around ?? '{}');
    }
    this.pos = end;
  }

  private *elements(path: string, each: (index: number) => Steps<void>): Steps<void> {
    this.open(OPEN_LIST, path, 'an array');
    if (this.takes(CLOSE_LIST)) return;
    let index = 0;
    do {
      this.skipSpace();
      yield* each(index++);
      if (index % ITEMS_AT_ONCE === 0) yield;
    } while (this.takes(COMMA));
    this.expect(CLOSE_LIST);
  }

  private *key(): Steps<string> {
    this.skipSpace();
    const start = this.pos;
    if (this.body[start] !== QUOTE) throw this.broken();
    this.pos++;
    yield* this.text(undefined);
    if (this.pos - start > MAX_KEY_BYTES) return '';
    return parsed(this.body.toString('utf8', start, this.pos));
  }

  /** Goes behind the value here. */
  private *value(): Steps<Range> {
    this.skipSpace();
    const { body } = this;
    const range: Range = { start: this.pos, end: this.pos, parts: 1, cuts: [] };
    let depth = 0;
    do {
      if (this.pos >= body.length) throw this.broken();
      if (this.pos >= this.stepEnd) yield this.step();
      const byte = body[this.pos]!;
      if (depth === 0 && isEnd(byte)) throw this.broken();
      this.pos++;
      if (byte === QUOTE) yield* this.text(range);
      else if (byte === OPEN || byte === OPEN_LIST) {
        range.parts++;
        depth++;
      } else if (byte === CLOSE || byte === CLOSE_LIST) depth--;
      else if (byte === COMMA) range.parts++;
      else if (depth === 0) {
        const most = this.pos + MAX_SCALAR_BYTES;
        while (this.pos <= most && !isEnd(body[this.pos] ?? COMMA)) this.pos++;
        if (this.pos > most) throw this.broken();
      }
    } while (depth > 0);
    range.end = this.pos;
    return range;
  }

  /** Goes behind the text that began before this, and notes in `range` what of it is too long to be read. */
  private *text(range: Range | undefined): Steps<void> {
    const limit = this.pos + MAX_TEXT_BYTES;
    let cut = -1;
    while (!this.endsText(limit)) {
      if (this.pos >= this.body.length) throw this.broken();
      if (cut < 0 && this.pos >= limit && this.isBoundary(this.body[this.pos]!)) cut = this.pos;
      if (this.pos >= this.stepEnd) yield this.step();
    }
    if (cut >= 0) range?.cuts.push([cut, this.pos - 1]);
  }

  /** Goes on in a text for a step: up to behind its end, or at least to `limit`. */
  private endsText(limit: number): boolean {
    const { body } = this;
    let { pos } = this;
    const end = Math.min(body.length, this.stepEnd);
    const stop = pos < limit ? Math.min(end, limit) : end;
    // Byte by byte near the place of a cut.
    const least = pos >= limit && pos < limit + MAX_ESCAPE_BYTES ? pos + 1 : stop;
    while (pos < least) {
      const byte = body[pos]!;
      pos += byte === BACKSLASH ? 2 : 1;
      if (byte !== QUOTE) continue;
      this.pos = pos;
      return true;
    }
    this.pos = pos;
    return false;
  }

  /** No character and no escape begins before this byte and ends behind it. */
  private isBoundary(byte: number): boolean {
    return (
      (byte & 0xc0) !== 0x80 && !this.body.subarray(this.pos - 6, this.pos).includes(BACKSLASH)
    );
  }

  private step(): undefined {
    this.stepEnd = this.pos + STEP_BYTES;
  }

  private open(byte: number, path: string, expected: string): void {
    this.skipSpace();
    if (this.body[this.pos] !== byte) throw new DecodeError(`${path}: expected ${expected}`, path);
    this.pos++;
  }

  private takes(byte: number): boolean {
    this.skipSpace();
    if (this.body[this.pos] !== byte) return false;
    this.pos++;
    return true;
  }

  private expect(byte: number): void {
    if (!this.takes(byte)) throw this.broken();
  }

  private skipSpace(): void {
    const most = this.pos + MAX_SPACE_BYTES;
    while (this.pos <= most && isSpace(this.body[this.pos])) this.pos++;
    if (this.pos > most) throw this.broken();
  }

  private broken(): DecodeError {
    return new DecodeError(`not JSON at byte ${this.pos}`);
  }
}

function problemOf(range: Range, most: number): string | undefined {
  if (range.parts > MAX_PARTS) return `has more than ${MAX_PARTS} objects, lists and members`;
  return sizeOf(range) > most ? `has more than ${most} bytes` : undefined;
}

function sizeOf({ start, end, cuts }: Range): number {
  return cuts.reduce((size, [from, to]) => size - (to - from), end - start);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isEnd(byte: number): boolean {
  return byte === COMMA || byte === CLOSE || byte === CLOSE_LIST || isSpace(byte);
}

function parsed(key: string): string {
  try {
    return JSON.parse(key) as string;
  } catch {
    return '';
  }
}
