import type { Logger } from 'pino';
import { accept, type Observer, type Sink } from '../queue/sink.ts';
import { emptyRows, type FailureRow, type Rows } from '../rows/rows.ts';
import { formatTime } from '../rows/time.ts';
import type { ClickHouse } from '../serving/clickhouse.ts';
import { PeriodicTask } from '../serving/periodic-task.ts';
import type { Signs } from './last-events.ts';
import { byFailure, type Lost } from './losses.ts';
import { heardAt, lastSign, lostRow, type OpenRun } from './lost-run.ts';
import { keyOf, MAX_RUNS, RunStore } from './store.ts';

export interface LostRunOptions {
  /** Silence after which a run is lost, in milliseconds; 0 = never. */
  afterMs: number;
  /** Between two looks, in milliseconds. @default 60,000 */
  everyMs?: number;
  /**
   * After a start, until executors have sent again what nobody took, in milliseconds.
   * @default `afterMs`, at most 5 minutes
   */
  graceMs?: number;
}

export interface LostRunStats {
  /** Looks that ended well. */
  looks: number;
  /** Runs that were called lost. */
  lost: number;
  /** Of those that turned out to live. */
  withdrawn: number;
  /** Looks that failed. */
  failedLooks: number;
}

interface WatchParts {
  client: ClickHouse;
  queue: { sink: Sink; drained(): Promise<void> };
  logger: Logger;
  options: LostRunOptions;
}

const EVERY_MS = 60_000;
const MAX_GRACE_MS = 5 * 60_000;
/** Runs that started longer ago are left alone. */
const LOOK_BACK_MS = 7 * 86_400_000;
/** Failures of lost runs that may still be withdrawn. */
const WITHDRAW_BACK_MS = 30 * 86_400_000;
const FAILED = 'lost runs cannot be looked for now; they are found later';
/** After a sign of life of a lost run; more of them may come. */
const SOON_MS = 1_000;

/**
 * Finds runs that started and went silent, and writes a failure for each; takes it back when the run turns
 * out to live (docs/decisions/0015-cascade.md). What it knows stands in ClickHouse; in memory is only
 * which runs need no look for now. A look waits until the queue has drained, reads, and hands rows to the queue.
 */
export class LostRunWatch {
  private readonly parts: WatchParts;
  private readonly everyMs: number;
  private readonly store: RunStore;
  private readonly task: PeriodicTask;
  private readonly closed: Promise<void>;
  /** Open runs that were heard of lately: when they may have become silent. */
  private due = new Map<string, number>();
  /** Lost runs that were seen to be silent; others are looked up. By run id. */
  private silent = new Map<string, string>();
  private readonly reported = new Set<string>();
  private readonly counted: LostRunStats = { looks: 0, lost: 0, withdrawn: 0, failedLooks: 0 };

  constructor(parts: WatchParts) {
    const { afterMs, everyMs = EVERY_MS, graceMs } = parts.options;
    this.parts = parts;
    this.everyMs = everyMs;
    this.task = new PeriodicTask({
      everyMs: afterMs > 0 ? everyMs : 0,
      firstMs: graceMs ?? Math.min(afterMs, MAX_GRACE_MS),
      work: () => this.look(),
      failed: (reason, isFirst) => {
        this.counted.failedLooks++;
        if (isFirst) parts.logger.warn({ reason }, FAILED);
      },
    });
    const { closing } = this.task;
    this.store = new RunStore(parts.client, closing);
    this.closed = new Promise((resolve) => {
      closing.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /** Takes note of the rows of a request when they were accepted: lost runs may show life. */
  observe(): Observer {
    const runs = new Set<string>();
    return {
      add: (rows) => {
        // Where no run is lost there is none to note.
        if (this.silent.size === 0) return;
        for (const run of runsOf(rows)) runs.add(run);
      },
      accepted: () => this.note(runs),
    };
  }

  private note(runs: Iterable<string>): void {
    for (const run of runs) {
      if (!this.silent.has(run)) continue;
      this.reported.add(run);
      this.task.startIn(Math.min(SOON_MS, this.everyMs));
    }
  }

  stats(): LostRunStats {
    return { ...this.counted };
  }

  close(): Promise<void> {
    return this.task.close();
  }

  private async look(): Promise<void> {
    const { queue, options } = this.parts;
    // What was accepted before is a sign of life too.
    await Promise.race([queue.drained(), this.closed]);
    if (this.task.closing.aborted) return;
    const now = Date.now();
    const reported = new Set(this.reported);
    this.reported.clear();
    const rows = await this.store.lostFailures(timeOf(now - options.afterMs - WITHDRAW_BACK_MS));
    const lost = byFailure(rows);
    const open = await this.store.openRuns(
      timeOf(now - options.afterMs - LOOK_BACK_MS),
      timeOf(now - options.afterMs),
    );
    const withdrawn = await this.toWithdraw(lost, reported);
    // Beyond the bound it is not known which of them were reported: nobody sends the ends of these runs.
    const found = rows.length < MAX_RUNS ? await this.toReport(open, lost, now) : [];
    await this.hand([...withdrawn, ...found]);
    this.counted.looks++;
    this.counted.lost += found.length;
    this.counted.withdrawn += new Set(withdrawn.map(({ failure_id }) => failure_id)).size;
  }

  /** What hides the failures of runs that ended or were heard of again, and all but one of each other. */
  private async toWithdraw(
    lost: ReadonlyMap<string, Lost>,
    reported: ReadonlySet<string>,
  ): Promise<FailureRow[]> {
    const shown = [...lost.values()].filter(({ visible }) => visible.length > 0);
    const runs = shown.map(({ visible }) => visible[0]!);
    const isKnown = ({ run_id, timestamp }: FailureRow) =>
      this.silent.get(run_id) === timestamp && !reported.has(run_id);
    const ended = await this.store.ended(runs);
    const candidates = runs.filter((row) => !isKnown(row));
    const signs = await this.store.signs(
      candidates.map(({ agent_id, run_id, timestamp }) => ({ agent_id, run_id, since: timestamp })),
    );
    const silent = new Map<string, string>();
    const rows: FailureRow[] = [];
    for (const { visible, revision } of shown) {
      const [best, ...others] = visible;
      const key = keyOf(best!);
      const lives = ended.has(key) || lastSign(startOf(best!), signs.get(key)) > best!.timestamp;
      if (!lives) silent.set(best!.run_id, best!.timestamp);
      for (const row of lives ? visible : others) {
        rows.push({ ...row, revision: revision + 1, is_deleted: 1 });
      }
    }
    this.silent = silent;
    return rows;
  }

  private async toReport(
    open: readonly OpenRun[],
    lost: ReadonlyMap<string, Lost>,
    now: number,
  ): Promise<FailureRow[]> {
    const { afterMs } = this.parts.options;
    const shown = new Set<string>();
    const revisions = new Map<string, number>();
    for (const { rows, visible, revision } of lost.values()) {
      const key = keyOf(rows[0]!);
      if (visible.length > 0) shown.add(key);
      revisions.set(key, revision);
    }
    const candidates = open.filter((run) => {
      const key = keyOf(run);
      return !shown.has(key) && (this.due.get(key) ?? 0) <= now;
    });
    const signs = await this.store.signs(
      candidates.map((run) => ({ ...run, since: run.started_at })),
    );
    const due = new Map(
      open.flatMap((run) => {
        const at = this.due.get(keyOf(run)) ?? 0;
        return at > now ? [[keyOf(run), at] as const] : [];
      }),
    );
    const silent: { run: OpenRun; signs: Signs | undefined }[] = [];
    for (const run of candidates) {
      const heard = heardAt(run, signs.get(keyOf(run)));
      if (heard + afterMs <= now) silent.push({ run, signs: signs.get(keyOf(run)) });
      else due.set(keyOf(run), heard + afterMs);
    }
    this.due = due;
    const graphs = await this.store.graphs(silent.map(({ run }) => run.graph_snapshot_ref));
    return silent.map((one) =>
      lostRow(one.run, one.signs, graphs.get(one.run.graph_snapshot_ref), {
        receivedAt: timeOf(now),
        before: revisions.get(keyOf(one.run)) ?? 0,
      }),
    );
  }

  private async hand(failures: FailureRow[]): Promise<void> {
    if (failures.length === 0) return;
    await accept(this.parts.queue.sink, { ...emptyRows(), failures });
  }
}

/** The runs that rows name. */
function runsOf(rows: Rows): string[] {
  return [rows.failures, rows.node_attempts, rows.graph_runs].flatMap((some) =>
    some.map(({ run_id }) => run_id),
  );
}

const startOf = ({ timestamp }: FailureRow): { started_at: string } => ({ started_at: timestamp });

const timeOf = (millis: number): string => formatTime(BigInt(Math.max(millis, 0)) * 1_000_000n);
