// The canonical JSON of any value of the app, made plain and redacted in one walk: the same text and the
// same counts as `canonicalJson(redact(toPlain(value)))`, as UTF-8 in a buffer that is used again.
import { hash } from 'node:crypto';
import {
  addCounts,
  looksLikeJson,
  namesNext,
  type Redactions,
  standard,
} from '../redaction/index.ts';
import {
  canonicalJson,
  type Json,
  MAX_DEPTH,
  MAX_VALUES,
  plain,
  unreadable,
  type Walk,
} from '../redaction/plain.ts';
import { ASK, ESCAPE, isSuspicious, PAIRS } from '../redaction/suspicion.ts';
import { type Shape, shapeOf } from './shape.ts';
import { Utf8Buffer } from './utf8-buffer.ts';

const FIRST_BYTES = 64 * 1024;
/** A larger buffer is given back, so that one large input does not hold its memory for ever. */
const KEPT_BYTES = 2 * 1024 * 1024;
/** A longer text is hardly ever without anything that a matcher has to look at. */
const LONG_TEXT = 1024;

const COMMA = 0x2c;
const QUOTE = 0x22;

let spare: Buffer | undefined;

/** JSON text of which only the start may be wanted. */
export interface RedactedJson {
  /** SHA-256 of the whole text in hexadecimal. */
  digest(): string;
  /** The longest start of at most so many bytes of UTF-8 that ends at a character boundary. */
  start(bytes: number): string;
  /** Of the whole text. */
  readonly bytes: number;
}

/**
 * Has `use` look at the JSON text of `value`, which is gone afterwards.
 * @param counts gets what was removed
 * @throws {Error} if redaction fails
 */
export function withRedactedJson<T>(
  value: unknown,
  counts: Redactions,
  use: (json: RedactedJson) => T,
): T {
  // A getter of the app may fail a node while this one is written: it finds no spare buffer then.
  const out = new Utf8Buffer(spare ?? Buffer.allocUnsafeSlow(FIRST_BYTES));
  spare = undefined;
  const writer = new JsonWriter(out, counts);
  try {
    writer.whole(value);
    return use(writer);
  } finally {
    spare = out.bytes.length > KEPT_BYTES ? undefined : out.bytes;
  }
}

class JsonWriter implements RedactedJson {
  readonly #out: Utf8Buffer;
  readonly #counts: Redactions;
  #found: Redactions = {};
  #walk: Walk = { values: 0, above: [] };
  /** What redaction threw: reading goes on behind getters that are caught, the text is not used. */
  #fault: { readonly error: unknown } | undefined;

  constructor(out: Utf8Buffer, counts: Redactions) {
    this.#out = out;
    this.#counts = counts;
  }

  get bytes(): number {
    return this.#out.length;
  }

  digest(): string {
    return hash('sha256', this.#out.bytes.subarray(0, this.#out.length), 'hex');
  }

  start(bytes: number): string {
    return this.#out.start(bytes);
  }

  whole(value: unknown): void {
    if (!this.#value(value)) this.#out.text('null');
    if (this.#walk.values > MAX_VALUES) {
      // What is left out depends on the order of the walk, and this one goes by sorted keys.
      this.#out.length = 0;
      this.#found = {};
      this.#walk = { values: 0, above: [] };
      this.#plain(value);
    }
    if (this.#fault) throw this.#fault.error;
    addCounts(this.#counts, this.#found);
  }

  /** @returns false, with nothing written, for what JSON has no place for */
  #value(value: unknown): boolean {
    if (typeof value === 'object' && value !== null) return this.#object(value);
    this.#walk.values += 1;
    if (typeof value === 'string') this.#text(value);
    else if (value === null || value === true || value === false) this.#out.text(String(value));
    else if (typeof value === 'number' && Number.isFinite(value)) this.#number(value);
    else return this.#plain(value);
    return true;
  }

  #number(value: number): void {
    // Only whole numbers of 13 digits and more may be those of a card.
    if (Math.abs(value) < 1e12) this.#out.text(value === 0 ? '0' : String(value));
    else this.#json(this.#redacted(() => standard.number(value, this.#found)));
  }

  #object(value: object): boolean {
    const { above } = this.#walk;
    const start = this.#out.length;
    let list = false;
    let shape: Shape | undefined;
    try {
      list = Array.isArray(value);
      shape = list ? undefined : shapeOf(value);
      // An element may be a secret because of the one before it.
      if (list && (value as unknown[]).some(namesNext)) return this.#plain(value);
    } catch {
      return this.#plain(value);
    }
    if (!list && !shape) return this.#plain(value);
    this.#walk.values += 1;
    if (above.length >= MAX_DEPTH || above.includes(value)) {
      this.#walk.values -= 1;
      return this.#plain(value);
    }
    above.push(value);
    try {
      if (shape) this.#members(value as Record<string, unknown>, shape);
      else this.#items(value as unknown[]);
    } catch (error) {
      this.#out.length = start;
      this.#text(unreadable(error));
    } finally {
      above.pop();
    }
    return true;
  }

  #items(list: readonly unknown[]): void {
    this.#out.byte(0x5b);
    for (let index = 0; index < list.length; index += 1) {
      if (this.#walk.values > MAX_VALUES) break;
      if (index > 0) this.#out.byte(COMMA);
      if (!this.#read(list, index)) this.#out.text('null');
    }
    this.#out.byte(0x5d);
  }

  #members(object: Record<string, unknown>, { keys }: Shape): void {
    this.#out.byte(0x7b);
    let first = true;
    for (const { key, quoted, isOfSecret } of keys) {
      if (this.#walk.values > MAX_VALUES) break;
      const before = this.#out.length;
      if (!first) this.#out.byte(COMMA);
      this.#out.raw(quoted);
      const written = isOfSecret ? this.#secret(object, key) : this.#read(object, key);
      if (written) first = false;
      else this.#out.length = before;
    }
    this.#out.byte(0x7d);
  }

  #read(object: object, key: string | number): boolean {
    let member: unknown;
    try {
      member = (object as Record<string | number, unknown>)[key];
    } catch (error) {
      this.#text(unreadable(error));
      return true;
    }
    return this.#value(member);
  }

  /** A member under a key that names a secret. */
  #secret(object: Record<string, unknown>, key: string): boolean {
    let copy: Json | undefined;
    try {
      copy = plain(object[key], this.#walk);
    } catch (error) {
      copy = unreadable(error);
    }
    if (copy === undefined) return false;
    const member = copy;
    this.#json(this.#redacted(() => standard.member(key, member, this.#found)));
    return true;
  }

  /** By way of a plain copy: what is no JSON of the usual kind. */
  #plain(value: unknown): boolean {
    const copy = plain(value, this.#walk);
    if (copy === undefined) return false;
    this.#json(this.#redacted(() => standard.value(copy, this.#found)));
    return true;
  }

  #redacted(work: () => Json): Json {
    try {
      return work();
    } catch (error) {
      this.#fault ??= { error };
      return null;
    }
  }

  #json(value: Json): void {
    this.#out.text(canonicalJson(value));
  }

  #text(text: string): void {
    const traits = text.length > LONG_TEXT ? ASK : this.#quoted(text);
    if (traits === 0) return;
    if (isSuspicious(text, traits) || looksLikeJson(text)) {
      this.#json(this.#redacted(() => standard.text(text, this.#found)));
    } else this.#out.text(JSON.stringify(text));
  }

  /**
   * Writes a text that can stay as it is.
   * @returns the traits of its characters; unless that is 0 nothing was written
   */
  #quoted(text: string): number {
    const { length } = text;
    this.#out.room(length + 2);
    const buffer = this.#out.bytes;
    let at = this.#out.length;
    buffer[at++] = QUOTE;
    let traits = 0;
    let before = 0;
    for (let i = 0; i < length; i += 1) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return ASK;
      traits |= PAIRS[before * 128 + code]!;
      buffer[at++] = code;
      before = code;
    }
    if (traits !== 0 && ((traits & ESCAPE) !== 0 || isSuspicious(text, traits))) return traits;
    buffer[at++] = QUOTE;
    this.#out.length = at;
    return 0;
  }
}
