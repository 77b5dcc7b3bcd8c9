import type { Logger } from 'pino';
import { type Entry, EntryWriter, entryBytes } from './entry.ts';
import { type Intake, type Sink, SinkRefused, SinkUnavailable } from './sink.ts';
import type { QueueStore } from './store.ts';

interface Waiting {
  entries: Entry[];
  bytes: number;
  resolve: () => void;
  reject: (error: Error) => void;
}

export interface DurableQueueOptions {
  store: QueueStore;
  /** Most bytes of rows on disk, dead letters included. */
  maxBytes: number;
  logger: Logger;
  /** Called when there are new entries. */
  appended: () => void;
  /** Bytes of rows that count towards the bound and are in other queues. @default none are */
  elsewhere?: () => number;
}

const MAX_FIRST_SEEN_WAITING = 10_000;
/** Bytes after which a commit takes nothing more: writing and syncing them holds the process. */
const COMMIT_BYTES = 1024 * 1024;
/**
 * How long a failed write counts, in milliseconds: senders that heed the readiness send nothing that
 * could show that the disk is well again, and a trial of our own would take its last room.
 */
const TRY_AGAIN_MS = 5_000;

/**
 * Takes rows to disk. States: open; committing soon (requests of this turn of the event loop wait to
 * share one sync); closed. A request moves open to committing soon, the commit moves back, whether the
 * disk took it or not; `close` commits what waits and moves to closed for good. A large request is committed
 * in pieces, with turns of the event loop between them.
 */
export class DurableQueue implements Sink {
  private readonly store: QueueStore;
  private readonly maxBytes: number;
  private readonly logger: Logger;
  private readonly appended: () => void;
  private readonly elsewhere: () => number;
  private waiting: Waiting[] = [];
  private waitingBytes = 0;
  private commitSoon: NodeJS.Immediate | undefined;
  private closed = false;
  private firstSeen = new Map<string, string>();
  private failure: string | undefined;
  private failedAt = 0;
  /** Bytes of the request that was refused last, while none was taken since. */
  private refusedBytes = 0;

  constructor(options: DurableQueueOptions) {
    this.store = options.store;
    this.maxBytes = options.maxBytes;
    this.logger = options.logger;
    this.appended = options.appended;
    this.elsewhere = options.elsewhere ?? (() => 0);
  }

  open(): Intake {
    const writer = new EntryWriter(Date.now());
    let refused: SinkRefused | undefined;
    return {
      add: (rows) => {
        try {
          if (refused === undefined) writer.add(rows);
        } catch (error) {
          refused = new SinkRefused((error as Error).message);
        }
      },
      commit: () => {
        const entries = writer.end();
        return refused ? Promise.reject(refused) : this.take(entries);
      },
    };
  }

  private async take(entries: Entry[]): Promise<void> {
    if (this.closed) throw new SinkUnavailable('the collector is shutting down');
    if (entries.length === 0) return;
    const bytes = bytesOf(entries);
    if (!this.hasRoom(bytes)) {
      this.refusedBytes = bytes;
      throw new SinkUnavailable(`the queue is full: ${this.held} bytes`);
    }
    this.refusedBytes = 0;
    this.waitingBytes += bytes;
    let left = bytes;
    try {
      for (const piece of pieces(entries)) {
        await this.append(piece);
        left -= bytesOf(piece);
      }
    } finally {
      this.waitingBytes -= left;
    }
  }

  private append(entries: Entry[]): Promise<void> {
    if (this.closed) throw new SinkUnavailable('the collector is shutting down');
    return new Promise((resolve, reject) => {
      this.waiting.push({ entries, bytes: bytesOf(entries), resolve, reject });
      this.commitSoon ??= setImmediate(() => this.commit());
    });
  }

  /** Why nothing can be accepted now; undefined when it can. */
  notReady(): string | undefined {
    if (this.closed) return 'the collector is shutting down';
    if (this.failure !== undefined && performance.now() < this.failedAt + TRY_AGAIN_MS) {
      return `the queue cannot be written: ${this.failure}`;
    }
    // What was refused last has to fit, or its sender would be refused again.
    return this.hasRoom(Math.max(this.refusedBytes, 1)) ? undefined : 'the queue is full';
  }

  /**
   * The time that stands for a span which has none: the same for every resend. Kept on disk with
   * the rows that are accepted next.
   * @param now Unix time in nanoseconds
   */
  receivedAt(traceId: string, spanId: string, now: bigint): bigint {
    const span = `${traceId}${spanId}`;
    const known = this.firstSeen.get(span) ?? this.store.firstSeen(span);
    if (known !== undefined) return BigInt(known);
    // When the disk fails for long; those spans get another time with their resend.
    if (this.firstSeen.size < MAX_FIRST_SEEN_WAITING) this.firstSeen.set(span, String(now));
    return now;
  }

  /** Bytes of rows on disk and on their way there. */
  private get held(): number {
    const { bytes, deadLetterBytes } = this.store.state;
    return bytes + deadLetterBytes + this.waitingBytes + this.elsewhere();
  }

  /** A request alone may be larger than the bound: it must not be refused for ever. */
  private hasRoom(bytes: number): boolean {
    return this.held === 0 || this.held + bytes <= this.maxBytes;
  }

  /** Commits what waits; nothing is accepted any more. */
  close(): void {
    this.closed = true;
    while (this.waiting.length > 0) this.commit();
  }

  private commit(): void {
    clearImmediate(this.commitSoon);
    this.commitSoon = undefined;
    const group = this.nextGroup();
    const firstSeen = this.firstSeen;
    if (group.length === 0) return;
    if (this.waiting.length > 0) this.commitSoon = setImmediate(() => this.commit());
    try {
      this.store.append(
        group.flatMap(({ entries }) => entries),
        firstSeen,
      );
    } catch (error) {
      const reason = (error as Error).message;
      if (this.failure === undefined) {
        this.logger.error({ reason }, 'the queue cannot be written; senders keep their data');
      }
      this.failure = reason;
      this.failedAt = performance.now();
      for (const { reject } of group) reject(new SinkUnavailable(reason));
      return;
    }
    if (this.failure !== undefined) this.logger.info('the queue can be written again');
    this.failure = undefined;
    this.firstSeen = new Map();
    for (const { bytes, resolve } of group) {
      this.waitingBytes -= bytes;
      resolve();
    }
    this.appended();
  }

  private nextGroup(): Waiting[] {
    let bytes = 0;
    const end = this.waiting.findIndex((waiting) => {
      bytes += waiting.bytes;
      return bytes > COMMIT_BYTES;
    });
    // One that is larger is taken all the same.
    return this.waiting.splice(0, end === -1 ? this.waiting.length : Math.max(1, end));
  }
}

/** Entries that are committed together. */
function pieces(entries: readonly Entry[]): Entry[][] {
  const all: Entry[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    bytes += entryBytes(entry);
    if (bytes > COMMIT_BYTES) {
      all.push([]);
      bytes = entryBytes(entry);
    }
    all.at(-1)!.push(entry);
  }
  return all;
}

function bytesOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
}
