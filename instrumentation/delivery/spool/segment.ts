// One file of the spool. Its frames are first those that the queue also holds in memory, then those
// that lie here only and have to be read back.
import { closeSync, ftruncateSync, openSync, readFileSync, unlinkSync, writevSync } from 'node:fs';
import { guarded } from '../../core/guard.ts';
import { headOf, MAGIC, readFrames } from './frames.ts';

/** A file of the spool; open while it is being written to. */
export class Segment {
  readonly path: string;
  /** Bytes of the file. */
  size: number;
  /** How many of its frames the queue holds unacknowledged. */
  held = 0;
  /** Where the frames begin that lie here only. */
  unreadFrom: number | undefined;
  #fd: number | undefined;

  private constructor(path: string, size: number, fd?: number) {
    this.path = path;
    this.size = size;
    this.#fd = fd;
  }

  /** @throws {Error} if it cannot be made or is there already */
  static create(path: string): Segment {
    const fd = openSync(path, 'ax', 0o600);
    const segment = new Segment(path, 0, fd);
    segment.#write([MAGIC]);
    return segment;
  }

  /** A file that another process left; nothing is added to it. */
  static found(path: string, size: number): Segment {
    const segment = new Segment(path, size);
    segment.unreadFrom = MAGIC.length;
    return segment;
  }

  get writable(): boolean {
    return this.#fd !== undefined;
  }

  /** Whether every frame of it was acknowledged. */
  get done(): boolean {
    return this.held === 0 && this.unreadFrom === undefined;
  }

  /**
   * Writes one frame, whole or not at all.
   * @param payload in parts
   * @throws {Error} if the file system does not take it
   */
  append(payload: readonly Uint8Array[], alsoInMemory: boolean): void {
    const start = this.size;
    this.#write([headOf(payload), ...payload]);
    if (alsoInMemory) this.held += 1;
    else this.unreadFrom ??= start;
  }

  /** The frames that lie here only; from now on the queue holds them. */
  read(): Buffer[] {
    const from = this.unreadFrom;
    this.unreadFrom = undefined;
    if (from === undefined) return [];
    const { payloads } = guarded(() => readFrames(readFileSync(this.path), from), {
      payloads: [],
      cut: 0,
    });
    this.held += payloads.length;
    return payloads;
  }

  /** Takes no more frames. */
  seal(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) guarded(() => closeSync(fd), undefined);
  }

  /** Empties a file that is being written to, and removes any other. */
  forget(): void {
    const fd = this.#fd;
    if (fd === undefined) {
      guarded(() => unlinkSync(this.path), undefined);
      return;
    }
    if (this.size <= MAGIC.length) return;
    ftruncateSync(fd, MAGIC.length);
    this.size = MAGIC.length;
  }

  #write(parts: readonly Uint8Array[]): void {
    const fd = this.#fd;
    if (fd === undefined) throw new Error('the segment is sealed');
    const wanted = parts.reduce((sum, part) => sum + part.byteLength, 0);
    const written = writevSync(fd, [...parts]);
    if (written === wanted) {
      this.size += wanted;
      return;
    }
    // Half a frame would hide all that come after it.
    ftruncateSync(fd, this.size);
    throw new Error(`only ${written} of ${wanted} bytes could be written`);
  }
}
