// Room for bytes that wait. Node's own pool is shared with everything else, so that one span that waits
// would hold what was garbage long ago beside it.

const PIECE_BYTES = 64 * 1024;
const MAX_SHARED_BYTES = PIECE_BYTES / 4;

/** Buffers cut from pieces of 64 KiB, for what comes and goes in the same order. */
export class Slab {
  #piece: Buffer | undefined;
  #used = 0;

  /** A buffer of so many bytes with anything in it. */
  take(bytes: number): Buffer {
    if (bytes > MAX_SHARED_BYTES) return Buffer.allocUnsafeSlow(bytes);
    if (!this.#piece || this.#used + bytes > PIECE_BYTES) {
      this.#piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += bytes;
    return this.#piece.subarray(start, this.#used);
  }
}
