// Level 2 of a session as evidence of one run: which of its rows belongs to which attempt. Rows name no
// attempt, only their node, and stand in the order in which the attempts ended.
import { ownText } from './reasons.ts';
import type { NodeDetail } from './records.ts';

/** The rows of one session that one run has not used yet. */
export class Details {
  readonly #read: () => readonly NodeDetail[];
  readonly #used = new Set<number>();

  /** @param read all rows that there are now, the first one first */
  constructor(read: () => readonly NodeDetail[]) {
    this.#read = read;
  }

  get rows(): readonly NodeDetail[] {
    return this.#read();
  }

  of(nodeId: string): readonly NodeDetail[] {
    return this.rows.filter(({ node_id }) => node_id === nodeId);
  }

  /** The row of the next failure of a node, by its words if these are given; it is used by that. */
  take(nodeId: string, error?: string): NodeDetail | undefined {
    const own = error === undefined ? undefined : ownText(error);
    const index = this.rows.findIndex(
      (row, at) =>
        row.node_id === nodeId &&
        !row.success &&
        !this.#used.has(at) &&
        (own === undefined || isOf(row, own)),
    );
    if (index < 0) return undefined;
    this.#used.add(index);
    return this.rows[index];
  }

  /** The node whose failure has these words. */
  nodeOf(error: string): string | undefined {
    const own = ownText(error);
    return this.rows.find((row) => !row.success && ownText(row.error) === own)?.node_id;
  }

  /**
   * The words of a node's failure that no event has, if its row can be found: the executor ran once, so
   * rows of a node are its attempts in order.
   * @param nth attempt of the node, from 1
   */
  failureOf(nodeId: string, nth: number): string | undefined {
    const executors = new Set(this.rows.map(({ trace_id }) => trace_id));
    const row = executors.size === 1 ? this.of(nodeId)[nth - 1] : undefined;
    return row && !row.success ? row.error : undefined;
  }
}

/** Hive's layers word a stall differently, and it is one. */
const STALL = /^Node stalled\b/;

function isOf(row: NodeDetail, own: string): boolean {
  const words = ownText(row.error);
  return words === own || (STALL.test(words) && STALL.test(own));
}
