// Text as UTF-8 in a buffer that grows.

/** Below this a loop over the characters is faster than a call out of JavaScript. */
const SHORT_TEXT = 24;

export class Utf8Buffer {
  bytes: Buffer;
  /** How many bytes are written. */
  length = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  text(text: string): void {
    this.room(text.length * 3);
    if (text.length < SHORT_TEXT && this.#shortAscii(text)) return;
    this.length += this.bytes.write(text, this.length, 'utf8');
  }

  raw(bytes: Uint8Array): void {
    this.room(bytes.length);
    for (let i = 0; i < bytes.length; i += 1) this.bytes[this.length++] = bytes[i]!;
  }

  byte(byte: number): void {
    this.room(1);
    this.bytes[this.length++] = byte;
  }

  /** Makes room for so many bytes more. */
  room(bytes: number): void {
    const wanted = this.length + bytes;
    if (wanted <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(wanted, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  /** The longest start of at most so many bytes that ends at a character boundary. */
  start(bytes: number): string {
    let end = Math.min(bytes, this.length);
    if (end < this.length) while (end > 0 && (this.bytes[end]! & 0xc0) === 0x80) end -= 1;
    return this.bytes.toString('utf8', 0, end);
  }

  #shortAscii(text: string): boolean {
    let at = this.length;
    for (let i = 0; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      this.bytes[at++] = code;
    }
    this.length = at;
    return true;
  }
}
