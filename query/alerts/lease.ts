// One of several processes does what only one may do: a lease whose claims are rows of ClickHouse.
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import { z } from 'zod';
import { type ClickHouse, connectClickHouse } from '../../collector/serving/clickhouse.ts';
import { storedForm } from '../base/cursor.ts';
import type { ClickHouseOptions, Store } from '../base/store.ts';

/** Milliseconds. */
export interface LeaseTimes {
  /** Between two renewals, and between two looks of those that do not hold it. @default 5,000 */
  renewMs: number;
  /** Without a renewal for so long a claim is dead, by the clock of the process that looks. @default 20,000 */
  deadMs: number;
  /** A claim may take so long to be stored; it counts after as much again. @default 1,500 */
  settleMs: number;
}

const usualLeaseTimes: LeaseTimes = { renewMs: 5_000, deadMs: 20_000, settleMs: 1_500 };

interface LeaseParts {
  name: string;
  store: Store;
  /** As whom to write. */
  clickhouse: ClickHouseOptions;
  times?: LeaseTimes | undefined;
  /** Called when this process has it; the answer ends the work when it has it no more. */
  work: () => () => Promise<void>;
  logger: Logger;
}

const claim = z.object({ holder: z.string(), claimed: z.string(), revision: z.coerce.number() });
type Claim = z.infer<typeof claim>;

interface Own extends Omit<Claim, 'revision'> {
  revision: number;
  /** When the last renewal that was stored began; monotonic milliseconds. */
  renewedAt: number;
}

/**
 * States: waiting (somebody else's claim lives, or ClickHouse is away), claiming (its claim is stored, and others may
 * have claimed at the same time), holding, closed.
 *
 * No two hold it, whatever their clocks say. Whose claim is not renewed for `deadMs` stops before others, which
 * watch for the renewals by their own clocks, count so long. Who claims has looked at most `settleMs` before its claim
 * was stored, and looks again that long after: of two that claimed at once at least both see both, and the order of
 * the claims decides.
 */
export class Lease {
  readonly #parts: LeaseParts;
  readonly #times: LeaseTimes;
  readonly #writer: ClickHouse;
  readonly #closing = new AbortController();
  /** When each claim was last seen renewed. */
  readonly #seen = new Map<string, { revision: number; at: number }>();
  readonly #running: Promise<void>;
  #own: Own | undefined;
  #endWork: (() => Promise<void>) | undefined;
  #expiry: NodeJS.Timeout | undefined;
  #isFailing = false;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
    this.#times = parts.times ?? usualLeaseTimes;
    this.#writer = connectClickHouse({
      ...parts.clickhouse,
      application: 'faultline-lease',
      request_timeout: this.#times.deadMs,
    });
    this.#running = this.#run();
  }

  get isHeld(): boolean {
    return this.#endWork !== undefined;
  }

  /** Ends the work and gives the lease back. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
    await this.#end();
    await this.#giveBack().catch(() => {});
    await this.#writer.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await (this.#endWork ? this.#renew() : this.#tryToClaim());
        this.#isFailing = false;
      } catch (error) {
        const reason = (error as Error).message;
        if (!this.#isFailing && !signal.aborted)
          this.#parts.logger.warn({ reason }, 'whose turn it is cannot be found out now');
        this.#isFailing = true;
      }
      const pause = this.#times.renewMs * (0.8 + Math.random() / 5);
      await wait(pause, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  async #tryToClaim(): Promise<void> {
    const { settleMs } = this.#times;
    await this.#giveBack();
    const looked = performance.now();
    if ((await this.#living()).length > 0) return;
    const claimed = storedForm(new Date().toISOString());
    this.#own = { holder: randomUUID(), claimed, revision: 0, renewedAt: looked };
    await this.#store(this.#own);
    const tookMs = Math.round(performance.now() - looked);
    if (tookMs > settleMs) {
      await this.#giveBack();
      throw new Error(`ClickHouse took ${tookMs} ms for a claim, which may take ${settleMs}`);
    }
    await wait(settleMs, undefined, { signal: this.#closing.signal }).catch(() => {});
    if (this.#closing.signal.aborted) return;
    if (await this.#isFirst()) this.#begin();
    else await this.#giveBack();
  }

  async #renew(): Promise<void> {
    const own = this.#own!;
    const began = performance.now();
    await this.#store({ ...own, revision: own.revision + 1 });
    own.revision++;
    own.renewedAt = began;
    if (!this.#endWork) return;
    this.#expireLater();
    if (await this.#isFirst()) return;
    await this.#end();
    await this.#giveBack();
  }

  #begin(): void {
    const { work, name, logger } = this.#parts;
    logger.info({ lease: name }, 'this process does it from now on');
    this.#endWork = work();
    this.#expireLater();
  }

  /** Ends the work in time, when renewals fail for so long that others may begin. */
  #expireLater(): void {
    clearTimeout(this.#expiry);
    const { deadMs, renewMs } = this.#times;
    const left = this.#own!.renewedAt + deadMs - renewMs - performance.now();
    this.#expiry = setTimeout(() => {
      this.#parts.logger.warn({ lease: this.#parts.name }, 'the lease could not be renewed');
      void this.#end();
    }, left).unref();
  }

  async #end(): Promise<void> {
    clearTimeout(this.#expiry);
    const end = this.#endWork;
    this.#endWork = undefined;
    await end?.();
  }

  async #isFirst(): Promise<boolean> {
    const [first] = await this.#living();
    return first?.holder === this.#own?.holder;
  }

  /** The claims that count, the first before the others; its own is one of them while it is stored. */
  async #living(): Promise<Claim[]> {
    const { store, name } = this.#parts;
    const claims = await store.rows('lease_claims', { name }, claim);
    const now = performance.now();
    const named = new Set(claims.map(({ holder }) => holder));
    for (const holder of this.#seen.keys()) if (!named.has(holder)) this.#seen.delete(holder);
    const isOwn = ({ holder }: Claim): boolean => holder === this.#own?.holder;
    for (const { holder, revision } of claims) {
      if (this.#seen.get(holder)?.revision !== revision)
        this.#seen.set(holder, { revision, at: now });
    }
    return claims.filter(
      (one) => isOwn(one) || now - this.#seen.get(one.holder)!.at < this.#times.deadMs,
    );
  }

  async #giveBack(): Promise<void> {
    const own = this.#own;
    if (own) await this.#store({ ...own, revision: own.revision + 1 }, false);
    this.#own = undefined;
  }

  async #store({ holder, claimed, revision }: Claim, is_held = true): Promise<void> {
    const updated_at = storedForm(new Date().toISOString());
    const row = {
      name: this.#parts.name,
      holder,
      claimed_at: claimed,
      is_held,
      updated_at,
      revision,
    };
    await this.#writer.insert({ table: 'leases', values: [row], format: 'JSONEachRow' });
  }
}
