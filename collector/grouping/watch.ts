// Looks for fingerprints that are new, and writes which groups they belong to.

import type { Logger } from 'pino';
import { accept, type Sink } from '../queue/sink.ts';
import { emptyRows } from '../rows/rows.ts';
import { formatTime } from '../rows/time.ts';
import type { ClickHouse } from '../serving/clickhouse.ts';
import { missingEvents } from './changes.ts';
import { type Member, memberOf } from './member.ts';
import { type KnownFingerprint, MAX_FINGERPRINTS, MappingStore } from './store.ts';

export interface MappingOptions {
  /** Between two looks, in milliseconds; 0 = never looks. @default 30,000 */
  everyMs?: number;
}

export interface MappingStats {
  /** Looks that ended well. */
  looks: number;
  /** Merges that were written. */
  merged: number;
  /** Proposals that were written. */
  proposed: number;
  /** Looks that failed. */
  failedLooks: number;
}

interface WatchParts {
  client: ClickHouse;
  sink: Sink;
  logger: Logger;
  options: MappingOptions;
}

const EVERY_MS = 30_000;
/** Failures that one look reads, so that a first look at many does not take long. */
const MAX_READ = 1_000;

/**
 * Writes a merge for each fingerprint that is one problem with an older one, and proposals where a person
 * has to decide (docs/decisions/0039-mapping.md). What it says stands in `group_events`; in memory are
 * only the messages that it compares. States: waiting (for the next look); in a look; closed.
 */
export class MappingWatch {
  readonly #parts: WatchParts;
  readonly #everyMs: number;
  readonly #store: MappingStore;
  readonly #closing = new AbortController();
  /** By fingerprint; undefined where no failure of it is kept. */
  #members = new Map<string, Member | undefined>();
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isFailing = false;
  readonly #counted: MappingStats = { looks: 0, merged: 0, proposed: 0, failedLooks: 0 };

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#everyMs = parts.options.everyMs ?? EVERY_MS;
    this.#store = new MappingStore(parts.client, this.#closing.signal);
    this.#lookLater();
  }

  stats(): MappingStats {
    return { ...this.#counted };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.#running;
  }

  #lookLater(): void {
    if (this.#closing.signal.aborted || this.#everyMs <= 0) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#round();
    }, this.#everyMs).unref();
  }

  async #round(): Promise<void> {
    try {
      await this.#look();
      this.#counted.looks++;
      this.#isFailing = false;
    } catch (error) {
      this.#failed(error);
    }
    this.#lookLater();
  }

  async #look(): Promise<void> {
    const known = await this.#store.fingerprints();
    const fresh = known.filter(({ fingerprint }) => !this.#members.has(fingerprint));
    if (fresh.length === 0) return;
    this.#forget(known);
    const read = fresh.slice(0, MAX_READ);
    const found = await this.#store.firstFailures(read);
    const members = new Map(found.map((row) => [row.fingerprint, memberOf(row)]));
    const agents = new Set([...members.values()].map(({ agent_id }) => agent_id));
    const events = await this.#store.events([...agents]);
    const others = [...this.#members.values()].filter((one) => one && agents.has(one.agent_id));
    const all = [...(others as Member[]), ...members.values()];
    const rows = missingEvents(all, events, formatTime(BigInt(Date.now()) * 1_000_000n));
    if (rows.length > 0) {
      await accept(this.#parts.sink, { ...emptyRows(), group_events: rows });
    }
    // Only now: what a failed look found is found again.
    for (const { fingerprint } of read) this.#members.set(fingerprint, members.get(fingerprint));
    const merged = rows.filter(({ kind }) => kind === 'merge').length;
    this.#counted.merged += merged;
    this.#counted.proposed += rows.length - merged;
  }

  /** Drops those that failed longest ago, when there are more than are mapped. */
  #forget(known: readonly KnownFingerprint[]): void {
    if (this.#members.size < MAX_FINGERPRINTS) return;
    const kept = new Set(known.map(({ fingerprint }) => fingerprint));
    this.#members = new Map([...this.#members].filter(([fingerprint]) => kept.has(fingerprint)));
  }

  #failed(error: unknown): void {
    if (this.#closing.signal.aborted) return;
    this.#counted.failedLooks++;
    if (!this.#isFailing) {
      const reason = error instanceof Error ? error.message || error.name : String(error);
      this.#parts.logger.warn({ reason }, 'groups cannot be mapped now; they are later');
    }
    this.#isFailing = true;
  }
}
