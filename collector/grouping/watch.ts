// Looks for fingerprints that are new, and writes which groups they belong to.

import type { Logger } from 'pino';
import { inTurns, mapInSteps } from '../decode/turns.ts';
import { accept, type Sink } from '../queue/sink.ts';
import { emptyRows } from '../rows/rows.ts';
import { formatTime } from '../rows/time.ts';
import type { ClickHouse } from '../serving/clickhouse.ts';
import { PeriodicTask } from '../serving/periodic-task.ts';
import { missingEvents } from './changes.ts';
import { type Member, memberOf } from './member.ts';
import { type KnownFingerprint, MappingStore } from './store.ts';

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
 * only the messages that it compares.
 */
export class MappingWatch {
  readonly #parts: WatchParts;
  readonly #task: PeriodicTask;
  readonly #store: MappingStore;
  /** By fingerprint; undefined where no failure of it is kept. */
  readonly #members = new Map<string, Member | undefined>();
  readonly #counted: MappingStats = { looks: 0, merged: 0, proposed: 0, failedLooks: 0 };

  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#task = new PeriodicTask({
      everyMs: parts.options.everyMs ?? EVERY_MS,
      work: async () => {
        await this.#look();
        this.#counted.looks++;
      },
      failed: (reason, isFirst) => {
        this.#counted.failedLooks++;
        if (isFirst) parts.logger.warn({ reason }, 'groups cannot be mapped now; they are later');
      },
    });
    this.#store = new MappingStore(parts.client, this.#task.closing);
  }

  stats(): MappingStats {
    return { ...this.#counted };
  }

  /** Does the work while no look is going on. Afterwards what was deleted is not quoted. */
  without<T>(work: () => Promise<T>): Promise<T> {
    return this.#task.without(work);
  }

  close(): Promise<void> {
    return this.#task.close();
  }

  async #look(): Promise<void> {
    const known = await this.#store.fingerprints();
    this.#forgetOthersThan(known);
    const fresh = known.filter(({ fingerprint }) => !this.#members.has(fingerprint));
    if (fresh.length === 0) return;
    const read = fresh.slice(0, MAX_READ);
    const found = await this.#store.firstFailures(read);
    const fromFound = await inTurns(mapInSteps(found, memberOf));
    const members = new Map(fromFound.map((member) => [member.fingerprint, member]));
    const agents = new Set([...members.values()].map(({ agent_id }) => agent_id));
    const events = await this.#store.events([...agents]);
    const others = [...this.#members.values()].filter((one) => one && agents.has(one.agent_id));
    const all = [...(others as Member[]), ...members.values()];
    const now = formatTime(BigInt(Date.now()) * 1_000_000n);
    const rows = await inTurns(missingEvents(all, events, now));
    if (rows.length > 0) {
      await accept(this.#parts.sink, { ...emptyRows(), group_events: rows });
    }
    // Only now: what a failed look found is found again.
    for (const { fingerprint } of read) this.#members.set(fingerprint, members.get(fingerprint));
    const merged = rows.filter(({ kind }) => kind === 'merge').length;
    this.#counted.merged += merged;
    this.#counted.proposed += rows.length - merged;
  }

  /** Drops what is not known any more, and those whose first failure is another now: it was deleted. */
  #forgetOthersThan(known: readonly KnownFingerprint[]): void {
    const first = new Map(known.map(({ fingerprint, first_seen }) => [fingerprint, first_seen]));
    for (const [fingerprint, member] of this.#members) {
      const now = first.get(fingerprint);
      if (now === undefined || (member && member.first_seen !== now)) {
        this.#members.delete(fingerprint);
      }
    }
  }
}
