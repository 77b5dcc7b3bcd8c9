// pbf's reader with the checks that bytes from the network need. pbf itself reads past the end of a
// message without complaint; here each length is held against the message that encloses it.
import { PbfReader } from 'pbf';
import {
  DecodeError,
  MAX_ITEM_BYTES,
  MAX_ITEM_FIELDS,
  MAX_ITEM_VALUES,
  MAX_TEXT_BYTES,
} from './span.ts';

/** Wire types, the low three bits of a tag. */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const MAX_TAG = 2 ** 32 - 1;

/** Bytes that are read of it in an item without room: more than names have. */
const MIN_TEXT_BYTES = 256;

export class Cursor extends PbfReader {
  readonly bytes: Buffer;
  private room = Number.POSITIVE_INFINITY;
  private values = Number.POSITIVE_INFINITY;
  private fields = Number.POSITIVE_INFINITY;

  constructor(body: Buffer) {
    super(body);
    this.bytes = body;
  }

  /** Reads a field's tag. @throws DecodeError for one beyond 64 bits */
  readTag(): number {
    const start = this.pos;
    const tag = this.readVarint();
    if (this.isOverlong(start)) throw badTag(MAX_TAG + 1, start);
    return tag;
  }

  /** Of a tenth byte pbf takes one bit and forgets the others. */
  private isOverlong(start: number): boolean {
    return this.pos - start === 10 && this.bytes[this.pos - 1]! > 1;
  }

  /**
   * Reads the length of a length-delimited field and returns where the field ends.
   * @throws DecodeError when the field would end after `end`
   */
  readEnd(end: number): number {
    const start = this.pos;
    const stop = this.readVarint() + this.pos;
    if (this.isOverlong(start) || !(stop <= end)) throw truncated(start);
    return stop;
  }

  /** Skips the field with this tag. Throws DecodeError for unknown wire types and over-long fields. */
  skipField(tag: number, end: number): void {
    const start = this.pos;
    if (tag < 8 || tag > MAX_TAG) throw badTag(tag, start);
    switch (tag & 7) {
      case VARINT:
        this.readVarint();
        break;
      case FIXED64:
        this.pos += 8;
        break;
      case BYTES:
        this.pos = this.readEnd(end);
        return;
      case FIXED32:
        this.pos += 4;
        break;
      default:
        throw badTag(tag, start);
    }
    if (this.pos > end) throw truncated(start);
  }

  /** Called when the fields of a message are read: they must end where the message ends. */
  endAt(end: number): void {
    if (this.pos !== end) throw truncated(this.pos);
  }

  /** UTF-8 text up to `stop`; what is not UTF-8 becomes U+FFFD. */
  readTextUntil(stop: number): string {
    const start = this.pos;
    this.pos = stop;
    return this.bytes.toString('utf8', start, stop);
  }

  readText(end: number): string {
    return this.readTextUntil(this.readEnd(end));
  }

  /** Begins another item, of which so much is read and no more. */
  begin(): void {
    this.room = MAX_ITEM_BYTES;
    this.values = MAX_ITEM_VALUES;
    this.fields = MAX_ITEM_FIELDS;
  }

  /** Begins another step of the item: its bound on fields is one of each step. */
  beginStep(): void {
    this.fields = MAX_ITEM_FIELDS;
  }

  /** Whether another field of a message is to be read; what an item has beyond its bound is skipped. */
  hasMore(end: number): boolean {
    if (this.pos >= end) return false;
    if (--this.fields >= 0) return true;
    this.pos = end;
    return false;
  }

  /** Whether another value of the item is to be read. */
  mayReadValue(): boolean {
    return --this.values >= 0;
  }

  /** The text of a value, of which only the start is read when it is long or the item has no room. */
  readValueText(end: number): string {
    const stop = this.readEnd(end);
    const most = Math.max(MIN_TEXT_BYTES, Math.min(MAX_TEXT_BYTES, this.room));
    const text = this.readTextUntil(Math.min(stop, this.boundary(this.pos + most)));
    this.room -= stop - this.pos + text.length;
    this.pos = stop;
    return text;
  }

  /** The last place up to here at which a character begins. */
  private boundary(pos: number): number {
    let start = pos;
    while (start > pos - 4 && (this.bytes[start]! & 0xc0) === 0x80) start--;
    return start;
  }

  readHex(end: number): string {
    const stop = this.readEnd(end);
    const start = this.pos;
    this.pos = stop;
    return this.bytes.toString('hex', start, stop);
  }

  readBase64(end: number): string {
    const stop = this.readEnd(end);
    const start = this.pos;
    this.pos = stop;
    return this.bytes.toString('base64', start, stop);
  }

  /** fixed64 without loss. */
  readFixed64BigInt(end: number): bigint {
    if (this.pos + 8 > end) throw truncated(this.pos);
    const value = this.dataView.getBigUint64(this.pos, true);
    this.pos += 8;
    return value;
  }

  readDoubleWithin(end: number): number {
    if (this.pos + 8 > end) throw truncated(this.pos);
    return this.readDouble();
  }

  /** int64: a number while it is exact, a bigint beyond. */
  readInt64(): number | bigint {
    const start = this.pos;
    const value = this.readVarint(true);
    if (Number.isSafeInteger(value)) return value;
    let exact = 0n;
    for (let i = 0; start + i < this.pos; i++) {
      exact |= BigInt(this.bytes[start + i]! & 0x7f) << BigInt(7 * i);
    }
    return BigInt.asIntN(64, exact);
  }
}

// Apart, so that skipField stays small enough to be inlined where spans are scanned.
function badTag(tag: number, offset: number): DecodeError {
  let reason = `unknown wire type ${tag & 7}`;
  if (tag < 8) reason = 'field number 0';
  else if (tag > MAX_TAG) reason = 'a tag of more than 32 bits';
  return new DecodeError(`${reason} at byte ${offset}`);
}

function truncated(offset: number): DecodeError {
  return new DecodeError(
    `truncated protobuf: the field at byte ${offset} is longer than its message`,
  );
}
