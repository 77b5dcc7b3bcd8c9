// Finds graph snapshots that rows refer to and that nobody sent: their failures have no graph.
import { readFileSync } from 'node:fs';
import type { ClickHouseClient } from '@clickhouse/client';
import type { Logger } from 'pino';
import type { Rows } from '../rows/rows.ts';

export interface SnapshotRefsOptions {
  client: ClickHouseClient;
  /** Milliseconds that a snapshot may come later than the rows that refer to it. @default 30000 */
  graceMs?: number;
  logger: Logger;
}

/** The refs in the rows of a request. */
export class UsedRefs {
  /** Of snapshots that are among the rows. */
  readonly stored = new Set<string>();
  /** That rows refer to. */
  readonly used = new Set<string>();
  private last = '';

  add(rows: Rows): void {
    for (const { ref } of rows.graph_snapshots) this.stored.add(ref);
    for (const row of rows.failures) this.use(row.graph_snapshot_ref);
    for (const row of rows.node_attempts) this.use(row.graph_snapshot_ref);
    for (const row of rows.graph_runs) this.use(row.graph_snapshot_ref);
  }

  private use(ref: string): void {
    // Rows of one request mostly have one ref.
    if (ref === this.last || ref === '') return;
    this.last = ref;
    this.used.add(ref);
  }
}

const STORED = readFileSync(new URL('./stored_snapshots.sql', import.meta.url), 'utf8');
/** Bounds of what is remembered. */
const MOST_KNOWN = 65_536;
const MOST_WAITING = 4_096;
const MOST_UNKNOWN = 4_096;
/** A hundred addresses fit into the URL of a question. */
const ASKED_AT_ONCE = 100;
const ADDRESS = /^sha256:[0-9a-f]{64}$/;

/**
 * Refs by what is known of them. States: waiting (used, not looked up yet), known (its snapshot came or
 * is stored), unknown (neither). `note` makes a used ref waiting and one whose snapshot came known from
 * any state; `check` makes those that waited long enough known or unknown.
 */
export class SnapshotRefs {
  private readonly options: Required<SnapshotRefsOptions>;
  private readonly known = new Set<string>();
  private readonly waiting = new Map<string, number>();
  private readonly missing = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(options: SnapshotRefsOptions) {
    this.options = { graceMs: 30_000, ...options };
  }

  /** How many refs are unknown now; counted up to 4096. */
  get unknown(): number {
    return this.missing.size;
  }

  /** Takes the refs of accepted rows. */
  note({ stored, used }: UsedRefs): void {
    for (const ref of stored) this.know(ref);
    for (const ref of used) this.use(ref);
  }

  /** Looks up those that waited long enough; what cannot be looked up now waits on. */
  async check(now = Date.now()): Promise<void> {
    const due: string[] = [];
    for (const [ref, since] of this.waiting) {
      if (now - since < this.options.graceMs) break;
      due.push(ref);
    }
    // No snapshot has a ref in another form, and a statement need not hold such texts.
    const addresses = due.filter((ref) => ADDRESS.test(ref));
    try {
      for (let at = 0; at < addresses.length; at += ASKED_AT_ONCE) {
        const asked = addresses.slice(at, at + ASKED_AT_ONCE);
        for (const ref of await this.stored(asked)) this.know(ref);
      }
    } catch {
      return;
    }
    for (const ref of due) if (this.waiting.delete(ref)) this.miss(ref);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private async stored(refs: string[]): Promise<string[]> {
    const result = await this.options.client.query({
      query: STORED,
      query_params: { refs },
      format: 'JSONEachRow',
    });
    return (await result.json<{ ref: string }>()).map(({ ref }) => ref);
  }

  private use(ref: string): void {
    if (this.known.has(ref) || this.missing.has(ref) || this.waiting.has(ref)) return;
    if (this.waiting.size >= MOST_WAITING) return;
    this.waiting.set(ref, Date.now());
    this.checkLater();
  }

  private know(ref: string): void {
    this.waiting.delete(ref);
    this.missing.delete(ref);
    if (this.known.has(ref)) return;
    if (this.known.size >= MOST_KNOWN) {
      for (const oldest of this.known) {
        this.known.delete(oldest);
        break;
      }
    }
    this.known.add(ref);
  }

  private miss(ref: string): void {
    if (this.missing.size >= MOST_UNKNOWN) return;
    this.missing.add(ref);
    // A ref in another form is text from outside.
    const told = ADDRESS.test(ref) ? { ref } : { ref: 'not a sha256 address' };
    this.options.logger.warn(told, 'rows refer to a graph snapshot that nobody sent');
  }

  private checkLater(): void {
    if (this.closed || this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.check().then(() => {
        if (this.waiting.size > 0) this.checkLater();
      });
    }, this.options.graceMs);
    this.timer.unref();
  }
}
