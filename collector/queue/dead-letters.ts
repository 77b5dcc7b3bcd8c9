// Rows that ClickHouse refused, kept until someone replays or drops them.
import { type DeadLetter, type DeadLetterId, toEntries } from './entry.ts';
import type { QueueStore } from './store.ts';

/** What is done with all is done to so many at a time: each is one transaction. */
const AT_ONCE = 1000;

export class DeadLetters {
  private readonly store: QueueStore;
  private readonly appended: () => void;

  /** @param appended called when rows went back into the queue */
  constructor(store: QueueStore, appended: () => void) {
    this.store = store;
    this.appended = appended;
  }

  /** How many there are. */
  get count(): number {
    return this.store.state.deadLetters;
  }

  /** The oldest dead letters. */
  list(limit: number): (DeadLetter & { id: DeadLetterId })[] {
    return [...this.store.deadLetters(limit)];
  }

  get(id: DeadLetterId): (DeadLetter & { id: DeadLetterId }) | undefined {
    const letter = this.store.deadLetter(id);
    return letter && { id, ...letter };
  }

  /**
   * Puts rows back at the end of the queue; refused again, they are dead letters again.
   * @returns how many there were
   */
  replay(ids: DeadLetterId[] | 'all'): number {
    const count = this.inParts(ids, (letters) => {
      const entries = letters.flatMap(({ table, row, at }) =>
        toEntries({ [table]: [JSON.parse(row)] }, at),
      );
      this.store.removeDeadLetters(
        letters.map(({ id }) => id),
        entries,
      );
    });
    if (count > 0) this.appended();
    return count;
  }

  /**
   * Removes rows for good.
   * @returns how many there were
   */
  drop(ids: DeadLetterId[] | 'all'): number {
    return this.inParts(ids, (letters) =>
      this.store.removeDeadLetters(letters.map(({ id }) => id)),
    );
  }

  /**
   * Removes rows that are meant, from the disk too.
   * @returns how many there were
   */
  forget(isMeant: (row: Record<string, unknown>) => boolean): number {
    const ids = this.list(this.count)
      .filter(({ row }) => isMeant(JSON.parse(row)))
      .map(({ id }) => id);
    if (ids.length > 0) this.store.removeDeadLetters(ids);
    this.store.wipe();
    return ids.length;
  }

  private inParts(
    ids: DeadLetterId[] | 'all',
    act: (letters: (DeadLetter & { id: DeadLetterId })[]) => void,
  ): number {
    if (ids !== 'all') {
      const letters = ids.map((id) => this.get(id)).filter((letter) => letter !== undefined);
      if (letters.length > 0) act(letters);
      return letters.length;
    }
    const count = this.count;
    for (let left = count; left > 0; left -= AT_ONCE) {
      act(this.list(Math.min(left, AT_ONCE)));
    }
    return count;
  }
}
