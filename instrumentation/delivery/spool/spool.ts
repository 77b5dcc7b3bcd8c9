// Keeps encoded spans in files until the collector has them, so that they outlive the process.
//
// A thread writes into a folder of its own, made at its first frame. A segment is written to, then
// sealed, then removed once every frame of it was acknowledged. Folders whose owner is dead are emptied
// by the process that sees them first: moving a file is the claim, and only one can move it.
import {
  accessSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { guarded, sayOnce } from '../../core/guard.ts';
import { HEARTBEAT_MS, isDead, nameFor, ownerOfName, SILENCE_MS, thisOwner } from './owner.ts';
import { makePrivate } from './place.ts';
import { Segment } from './segment.ts';

/** Bounds of a {@link Spool}. */
export interface SpoolOptions {
  /** The service's folder, see `spoolPlace`. */
  readonly folder: string;
  /** The most bytes of files, those taken over included. @default 64 MiB */
  readonly maxBytes?: number | undefined;
  /**
   * The bytes after which a new file is begun. A file goes when all of it was acknowledged, so this is
   * also about what is sent again after a crash. @default 128 KiB
   */
  readonly segmentBytes?: number | undefined;
}

const MIB = 1024 * 1024;
/** Pause before a folder that could not be written is tried again, in milliseconds. */
const RETRY_MS = 30_000;
const SUFFIX = '.spool';

/** The spool of one thread. Nothing of it throws. */
export class Spool {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #segmentBytes: number;
  /** The thread's own folder, once it is made. */
  #home: string | undefined;
  #current: Segment | undefined;
  /** Segments with frames that lie in files only, oldest first. */
  #unread: Segment[] = [];
  /** Everything that has a file. */
  readonly #segments = new Set<Segment>();
  #bytes = 0;
  #made = 0;
  #beat: NodeJS.Timeout | undefined;
  #beatAt = 0;
  #retryAt = 0;

  constructor(options: SpoolOptions) {
    this.#folder = options.folder;
    this.#maxBytes = options.maxBytes ?? 64 * MIB;
    this.#segmentBytes = options.segmentBytes ?? MIB / 8;
  }

  /** Bytes of its files. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether frames lie in files only. */
  get hasUnread(): boolean {
    return this.#unread.length > 0;
  }

  /**
   * Writes a frame before it returns.
   * @param payload in parts
   * @param alsoInMemory whether the caller keeps the payload and will {@link acknowledge} it; if not, it
   *   comes back from {@link readNext}
   * @returns the frame's segment, or `undefined` if the spool is full or its folder cannot be written
   */
  write(payload: readonly Uint8Array[], alsoInMemory: boolean): Segment | undefined {
    const bytes = payload.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (this.#bytes + bytes > this.#maxBytes) return undefined;
    if (this.#retryAt > 0 && performance.now() < this.#retryAt) return undefined;
    try {
      const segment = this.#segmentFor(alsoInMemory);
      const before = segment.size;
      segment.append(payload, alsoInMemory);
      this.#bytes += segment.size - before;
      if (!alsoInMemory && !this.#unread.includes(segment)) this.#unread.push(segment);
      this.#retryAt = 0;
      return segment;
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** The collector has taken one frame of `segment`, or will never take it. */
  acknowledge(segment: Segment): void {
    segment.held -= 1;
    this.#forgetIfDone(segment);
  }

  /** The frames of the oldest segment that lie in its file only; empty if the file is damaged. */
  readNext(): { segment: Segment; payloads: Buffer[] } | undefined {
    const segment = this.#unread.shift();
    if (!segment) return undefined;
    if (segment === this.#current) this.#seal();
    const payloads = segment.read();
    this.#forgetIfDone(segment);
    return { segment, payloads };
  }

  /** Takes over what dead owners left, as far as it fits into the bound. */
  adopt(): void {
    guarded(() => {
      for (const name of namesIn(this.#folder)) {
        const folder = join(this.#folder, name);
        const owner = ownerOfName(name);
        if (!owner || folder === this.#home) continue;
        guarded(() => {
          const silentMs = Date.now() - statSync(folder).mtimeMs;
          if (isDead(owner, silentMs)) this.#takeOver(folder);
        }, undefined);
      }
    }, undefined);
  }

  /** Ends the thread's part in it; what was not acknowledged stays for the next owner. */
  close(): void {
    clearInterval(this.#beat);
    this.#seal();
    for (const segment of [...this.#segments]) this.#forgetIfDone(segment);
    const home = this.#home;
    this.#home = undefined;
    if (home && this.#segments.size === 0) guarded(() => rmdirSync(home), undefined);
  }

  #segmentFor(alsoInMemory: boolean): Segment {
    if (this.#home && Date.now() - this.#beatAt > SILENCE_MS / 2) this.#touch();
    const current = this.#current;
    const full = current && current.size >= this.#segmentBytes;
    // Frames in memory come before those that are not, so that these are the end of the file.
    const mixed = current?.unreadFrom !== undefined && alsoInMemory;
    if (current && !full && !mixed) return current;
    this.#seal();
    const made = Segment.create(join(this.#ownFolder(), this.#nextName()));
    this.#segments.add(made);
    this.#bytes += made.size;
    this.#current = made;
    return made;
  }

  #seal(): void {
    const segment = this.#current;
    this.#current = undefined;
    segment?.seal();
    if (segment) this.#forgetIfDone(segment);
  }

  #forgetIfDone(segment: Segment): void {
    if (!segment.done || !this.#segments.has(segment)) return;
    const before = segment.size;
    guarded(() => segment.forget(), undefined);
    if (segment.writable) this.#bytes -= before - segment.size;
    else {
      this.#segments.delete(segment);
      this.#bytes -= before;
    }
  }

  #nextName(): string {
    this.#made += 1;
    return `${this.#made}${SUFFIX}`;
  }

  #ownFolder(): string {
    if (this.#home) return this.#home;
    makePrivate(this.#folder);
    const home = join(this.#folder, nameFor(thisOwner()));
    mkdirSync(home, { mode: 0o700 });
    this.#home = home;
    this.#beatAt = Date.now();
    this.#beat ??= setInterval(() => this.#touch(), HEARTBEAT_MS).unref();
    return home;
  }

  /** Says that the owner lives, and notices if another took its folder for a dead one's. */
  #touch(): void {
    const home = this.#home;
    if (!home) return;
    const now = new Date();
    try {
      utimesSync(home, now, now);
      if (this.#current) accessSync(this.#current.path);
      this.#beatAt = now.getTime();
    } catch {
      // What memory holds is sent all the same; new frames go to a new folder.
      this.#home = undefined;
      this.#current?.seal();
      this.#current = undefined;
      this.#unread = [];
      this.#segments.clear();
      this.#bytes = 0;
    }
  }

  #takeOver(folder: string): void {
    for (const name of namesIn(folder)) {
      if (!name.endsWith(SUFFIX)) continue;
      guarded(() => {
        const from = join(folder, name);
        const { size } = statSync(from);
        if (this.#bytes + size > this.#maxBytes) return;
        const to = join(this.#ownFolder(), this.#nextName());
        renameSync(from, to);
        const segment = Segment.found(to, size);
        this.#segments.add(segment);
        this.#unread.push(segment);
        this.#bytes += size;
      }, undefined);
    }
    // Fails, as it should, while something is in it.
    guarded(() => rmdirSync(folder), undefined);
  }

  #failed(error: unknown): void {
    this.#retryAt = performance.now() + RETRY_MS;
    this.#seal();
    sayOnce(
      'spool',
      `cannot keep failures in ${this.#folder} (${(error as Error).message}), so a crash may lose the ` +
        'last ones; name another folder with FAULTLINE_SPOOL_DIR or say FAULTLINE_SPOOL=off',
    );
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
