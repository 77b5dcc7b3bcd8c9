// Follows one file of lines: hands out whole lines that are new, and notices when the file was cut or
// replaced.
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** A whole line and where it lies in the file, in bytes. */
export interface Line {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** How a file began, to distinguish it from another one of the same name. */
export interface Head {
  readonly bytes: number;
  readonly hash: string;
}

const HEAD_BYTES = 256;
const SLICE_BYTES = 4 * 1024 * 1024;
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** One followed file. */
export class Tail {
  readonly file: string;
  #offset: number;
  #head: Head | undefined;
  /** The longest line that did not fit, so far skipped. */
  #skipping = false;

  /** @param from where to go on, and how the file began then */
  constructor(file: string, from?: { offset: number; head?: Head | undefined }) {
    this.file = file;
    this.#offset = from?.offset ?? 0;
    this.#head = from?.head;
  }

  get head(): Head | undefined {
    return this.#head;
  }

  get offset(): number {
    return this.#offset;
  }

  /**
   * The next whole lines, at most 4 MiB of them; none when there is nothing new.
   * @param onRestart called before the lines of a file that was cut or replaced
   * @param complain says what is wrong
   * @throws {Error} if the file cannot be read
   */
  next(onRestart: () => void, complain: (trouble: string) => void): Line[] {
    const fd = openSync(this.file, 'r');
    try {
      const { size } = fstatSync(fd);
      if (!this.#isSame(fd, size)) {
        complain('it was cut or replaced; it is read from its start');
        this.#offset = 0;
        this.#head = undefined;
        this.#skipping = false;
        onRestart();
      }
      this.#remember(fd, size);
      return this.#lines(fd, size, complain);
    } finally {
      closeSync(fd);
    }
  }

  #isSame(fd: number, size: number): boolean {
    if (size < this.#offset) return false;
    if (!this.#head) return true;
    return size >= this.#head.bytes && hashOf(fd, this.#head.bytes) === this.#head.hash;
  }

  #remember(fd: number, size: number): void {
    const bytes = Math.min(size, HEAD_BYTES);
    if (bytes > (this.#head?.bytes ?? 0)) this.#head = { bytes, hash: hashOf(fd, bytes) };
  }

  #lines(fd: number, size: number, complain: (trouble: string) => void): Line[] {
    let length = Math.min(size - this.#offset, SLICE_BYTES);
    while (length > 0) {
      const slice = readAt(fd, this.#offset, length);
      const end = slice.lastIndexOf(0x0a);
      if (end >= 0) return this.#split(slice.subarray(0, end + 1));
      // No line ends here: it is half-written, or longer than a slice.
      if (this.#offset + length >= size && length < MAX_LINE_BYTES) return [];
      if (length < MAX_LINE_BYTES) {
        length = Math.min(size - this.#offset, MAX_LINE_BYTES);
        continue;
      }
      complain(`it holds a line of more than ${MAX_LINE_BYTES} bytes; that is left out`);
      this.#skipping = true;
      this.#offset += length;
      length = Math.min(size - this.#offset, SLICE_BYTES);
    }
    return [];
  }

  #split(slice: Buffer): Line[] {
    const lines: Line[] = [];
    let start = 0;
    while (start < slice.length) {
      const end = slice.indexOf(0x0a, start) + 1;
      if (this.#skipping) this.#skipping = false;
      else {
        const text = slice.toString('utf8', start, end - 1);
        lines.push({ text, start: this.#offset + start, end: this.#offset + end });
      }
      start = end;
    }
    this.#offset += slice.length;
    return lines;
  }
}

function hashOf(fd: number, bytes: number): string {
  return createHash('sha256')
    .update(readAt(fd, 0, bytes))
    .digest('hex')
    .slice(0, 16);
}

function readAt(fd: number, offset: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const count = readSync(fd, buffer, read, length - read, offset + read);
    if (count === 0) break;
    read += count;
  }
  return buffer.subarray(0, read);
}
