// Writes protobuf into one buffer that is used again and again.
import type { Slab } from './slab.ts';

const FIRST_BYTES = 64 * 1024;
/** A larger buffer is given back, so that one large span does not hold its memory for ever. */
const KEPT_BYTES = 1024 * 1024;
/** Below this a loop over the characters is faster than a call out of JavaScript. */
const SHORT_TEXT = 24;

/** What a hexadecimal digit stands for. */
const NIBBLE = Uint8Array.from({ length: 128 }, (_, code) =>
  Number.parseInt(String.fromCharCode(code), 16),
);

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** How many bytes a length takes as a varint. */
export function lengthBytes(length: number): number {
  if (length < 0x80) return 1;
  if (length < 0x4000) return 2;
  if (length < 0x200000) return 3;
  return length < 0x10000000 ? 4 : 5;
}

/** Appends fields; {@link take} copies out what was written. */
export class ProtobufWriter {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #at = 0;

  /** Forgets what was written and not taken. */
  start(): void {
    this.#at = 0;
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  }

  /**
   * A copy of all that was written since {@link start}.
   * @param slab where it lies. @default Node's pool
   */
  take(slab?: Slab): Buffer {
    const taken = slab?.take(this.#at) ?? Buffer.allocUnsafe(this.#at);
    this.#bytes.copy(taken, 0, 0, this.#at);
    return taken;
  }

  uint(field: number, value: number): void {
    this.#room(16);
    this.#tag(field, VARINT);
    this.#varint(value);
  }

  /** A 64-bit integer; only a safe one can be exact. */
  int(field: number, value: number): void {
    if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) {
      this.uint(field, value);
      return;
    }
    this.#room(16);
    this.#tag(field, VARINT);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 0x7fn; rest >>= 7n) this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80;
    this.#bytes[this.#at++] = Number(rest);
  }

  double(field: number, value: number): void {
    this.#room(16);
    this.#tag(field, FIXED64);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  fixed32(field: number, value: number): void {
    this.#room(16);
    this.#tag(field, FIXED32);
    this.#at = this.#bytes.writeUInt32LE(value, this.#at);
  }

  /** Nanoseconds since the epoch, exact for any time until 2116. */
  time(field: number, [seconds, nanos]: readonly [number, number]): void {
    this.#room(16);
    this.#tag(field, FIXED64);
    // seconds * 1e9 is too large for a double; seconds * (1e9 / 512) is not.
    const scaled = seconds * 1_953_125;
    const low = (scaled % 0x800000) * 512 + nanos;
    const high = Math.floor(scaled / 0x800000) + Math.floor(low / 0x100000000);
    this.#at = this.#bytes.writeUInt32LE(low % 0x100000000, this.#at);
    this.#at = this.#bytes.writeUInt32LE(high, this.#at);
  }

  bytes(field: number, value: Uint8Array): void {
    this.#room(16 + value.length);
    this.#tag(field, BYTES);
    this.#varint(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  /** An id in hexadecimal, as its bytes. */
  hex(field: number, value: string): void {
    this.#room(16 + value.length);
    this.#tag(field, BYTES);
    this.#varint(value.length / 2);
    for (let i = 0; i < value.length; i += 2) {
      const high = NIBBLE[value.charCodeAt(i)]!;
      this.#bytes[this.#at++] = high * 16 + NIBBLE[value.charCodeAt(i + 1)]!;
    }
  }

  text(field: number, value: string): void {
    this.#room(16 + value.length * 3);
    this.#tag(field, BYTES);
    if (value.length < SHORT_TEXT && this.#shortAscii(value)) return;
    const length = Buffer.byteLength(value, 'utf8');
    this.#varint(length);
    this.#bytes.write(value, this.#at, length, 'utf8');
    this.#at += length;
  }

  /** Bytes that are fields already. */
  raw(fields: Uint8Array): void {
    this.#room(fields.length);
    this.#bytes.set(fields, this.#at);
    this.#at += fields.length;
  }

  /** Begins a message of so many bytes. */
  begin(field: number, bytes: number): void {
    this.#room(16);
    this.#tag(field, BYTES);
    this.#varint(bytes);
  }

  /** Begins a message; {@link close} gets what it returns. */
  open(field: number): number {
    this.#room(16);
    this.#tag(field, BYTES);
    // Most are short; a longer one is moved when its length is known.
    this.#at += 1;
    return this.#at;
  }

  close(start: number): void {
    const length = this.#at - start;
    const more = lengthBytes(length) - 1;
    if (more > 0) {
      this.#room(more);
      this.#bytes.copyWithin(start + more, start, this.#at);
    }
    this.#at = start - 1;
    this.#varint(length);
    this.#at += length;
  }

  #shortAscii(value: string): boolean {
    const start = this.#at;
    const bytes = this.#bytes;
    bytes[start] = value.length;
    for (let i = 0; i < value.length; i += 1) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[start + 1 + i] = code;
    }
    this.#at = start + 1 + value.length;
    return true;
  }

  #tag(field: number, type: number): void {
    this.#varint(field * 8 + type);
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest > 0x7f; rest = Math.floor(rest / 0x80))
      this.#bytes[this.#at++] = (rest % 0x80) | 0x80;
    this.#bytes[this.#at++] = rest;
  }

  #room(bytes: number): void {
    const wanted = this.#at + bytes;
    if (wanted <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(wanted, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}
