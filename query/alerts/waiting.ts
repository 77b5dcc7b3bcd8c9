// What waits for one receiver: all of it is stored in the table `alerts`, a bounded part is held in memory.
import type { Delivery, Due, Pending } from './log.ts';

/**
 * Each delivery is held (in memory too) or away (only stored). Those that are away are read when one of them
 * is due before all that are held; they take the place of these, which are stored as well.
 */
export class Waiting {
  readonly #read: (limit: number) => Promise<Pending>;
  readonly #most: number;
  #held = new Map<string, Due>();
  /** When the first that is away is due; Infinity = none is. */
  #awayDueAt = Number.POSITIVE_INFINITY;
  #readings = 0;
  #count = 0;

  /** @param most deliveries that are held at most; all could be 16 KiB long */
  constructor(read: (limit: number) => Promise<Pending>, most = 1_000) {
    this.#read = read;
    this.#most = most;
  }

  /** How many wait, held or away. */
  get count(): number {
    return this.#count;
  }

  /** When the first is due, held or away; Infinity when nothing waits. */
  get dueAt(): number {
    return Math.min(this.#awayDueAt, this.#firstHeld()?.dueAt ?? Number.POSITIVE_INFINITY);
  }

  /** How many times a reading of what is stored began or ended; odd during one. */
  get readings(): number {
    return this.#readings;
  }

  /**
   * Takes what is stored already and was not tried yet.
   *
   * @param readings as they were before it was stored: what was read since may have it, and it may be sent already
   */
  add(deliveries: readonly Delivery[], readings: number): void {
    const mayBeRead = readings !== this.#readings || readings % 2 === 1;
    for (const delivery of deliveries) {
      if (this.#held.has(delivery.alert_id)) continue;
      const dueAt = Date.parse(delivery.updated_at);
      const hasRoom = this.#held.size < this.#most && this.#awayDueAt === Number.POSITIVE_INFINITY;
      if (hasRoom && !mayBeRead) this.#held.set(delivery.alert_id, { delivery, dueAt });
      else this.#awayDueAt = Math.min(this.#awayDueAt, dueAt);
      this.#count++;
    }
  }

  /** From now on what is stored is what waits. */
  readAgain(): void {
    this.#awayDueAt = Number.NEGATIVE_INFINITY;
  }

  /**
   * The one that is due first, if it is due now.
   *
   * @throws what reading throws; then it can be asked again
   */
  async next(): Promise<Due | undefined> {
    if (this.#awayDueAt < (this.#firstHeld()?.dueAt ?? Number.POSITIVE_INFINITY)) {
      await this.#readDue();
    }
    const first = this.#firstHeld();
    return first && first.dueAt <= Date.now() ? first : undefined;
  }

  delete({ alert_id }: Delivery): void {
    if (this.#held.delete(alert_id)) this.#count--;
  }

  async #readDue(): Promise<void> {
    const before = this.#awayDueAt;
    this.#awayDueAt = Number.POSITIVE_INFINITY;
    this.#readings++;
    try {
      const { first, count } = await this.#read(this.#most + 1);
      const held = first.slice(0, this.#most);
      this.#held = new Map(held.map((due) => [due.delivery.alert_id, due]));
      this.#count = count;
      // What was added meanwhile may be among those that were read, or not.
      const away = first[this.#most]?.dueAt ?? Number.POSITIVE_INFINITY;
      this.#awayDueAt = Math.min(this.#awayDueAt, away);
    } catch (error) {
      this.#awayDueAt = Math.min(this.#awayDueAt, before);
      throw error;
    } finally {
      this.#readings++;
    }
  }

  #firstHeld(): Due | undefined {
    let first: Due | undefined;
    for (const due of this.#held.values()) if (!first || due.dueAt < first.dueAt) first = due;
    return first;
  }
}
