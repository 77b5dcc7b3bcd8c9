// The node attempts of one execution as its events tell them.
//
// An attempt is open, then ended; an ended one that failed waits, told, until the next event says what
// Hive did about it, and only then becomes a fact.
import type { FailureDisposition } from '../../instrumentation/semconv/attributes.ts';
import { Evidence } from './evidence.ts';
import type { AttemptEnded, FailureOfHive, RunOfHive } from './facts.ts';
import { reasonOf } from './reasons.ts';
import type { NodeDetail } from './records.ts';

/** Finds the level 2 record of a node's failure, if the session's logs are at hand. */
export type FindDetail = (
  nodeId: string,
  fits: (detail: NodeDetail) => boolean,
) => NodeDetail | undefined;

/** One try of one node that has not become a fact yet. */
export interface OpenAttempt {
  readonly key: string;
  readonly nodeId: string;
  readonly attempt: number;
  readonly visit: number;
  readonly startNs: bigint;
  readonly previous: string | undefined;
  readonly input: unknown;
  readonly evidence: Evidence;
  maxIterations?: number | undefined;
  maxAttempts?: number | undefined;
  /** The node's loop ran at least once, so retries are of its language model and not of the node. */
  iterated: boolean;
  /** How many iterations the loop took, once it has ended. */
  iterations?: number | undefined;
  endNs?: bigint;
  /** The error that Hive gave for the node itself. */
  reported?: string;
  stalled?: string;
}

interface NodeSoFar {
  attempts: number;
  attempt: number;
  visits: number;
  lastKey: string | undefined;
  lastFailed: boolean;
}

const PATH_KEPT = 100;

/** Keeps the attempts of one run. */
export class Attempts {
  readonly #run: RunOfHive;
  readonly #find: FindDetail;
  readonly #nodes = new Map<string, NodeSoFar>();
  readonly #open = new Map<string, OpenAttempt>();
  readonly #path: string[] = [];
  #retries = 0;
  /** Failed, and what Hive does about it is not known. */
  #told: { attempt: OpenAttempt; failure: FailureOfHive }[] = [];
  /** Something failed for good on the way. */
  lost = false;
  /** The attempt whose failure was told last. */
  lastFailed: string | undefined;

  constructor(run: RunOfHive, find: FindDetail) {
    this.#run = run;
    this.#find = find;
  }

  get open(): readonly OpenAttempt[] {
    return [...this.#open.values()];
  }

  get toldNodes(): readonly string[] {
    return this.#told.map(({ attempt }) => attempt.nodeId);
  }

  get lastNode(): string | undefined {
    return this.#path.at(-1);
  }

  of(nodeId: string): OpenAttempt | undefined {
    return this.#open.get(nodeId);
  }

  begin(nodeId: string, startNs: bigint, input?: unknown): OpenAttempt {
    const node = this.#nodes.get(nodeId) ?? {
      attempts: 0,
      attempt: 0,
      visits: 0,
      lastKey: undefined,
      lastFailed: false,
    };
    this.#nodes.set(nodeId, node);
    const previous = node.lastFailed ? node.lastKey : undefined;
    node.attempts += 1;
    node.attempt = previous ? node.attempt + 1 : 1;
    if (previous) this.#retries += 1;
    else node.visits += 1;
    node.lastKey = `${nodeId}#${node.attempts}`;
    node.lastFailed = false;
    this.#path.push(nodeId);
    if (this.#path.length > PATH_KEPT) this.#path.shift();
    const { attempt, visits: visit, lastKey: key } = node;
    const evidence = new Evidence();
    const begun = { key, nodeId, attempt, visit, startNs, previous, input, evidence };
    const open: OpenAttempt = { ...begun, iterated: false };
    this.#open.set(nodeId, open);
    return open;
  }

  /** It returned, or was stopped without a failure. */
  succeed(attempt: OpenAttempt, endNs: bigint): AttemptEnded {
    this.#open.delete(attempt.nodeId);
    return this.#fact(attempt, attempt.endNs ?? endNs, undefined);
  }

  /** It failed; {@link settle} makes it a fact. */
  fail(attempt: OpenAttempt, error: string, endNs: bigint): void {
    this.#open.delete(attempt.nodeId);
    attempt.endNs ??= endNs;
    const node = this.#nodes.get(attempt.nodeId);
    if (node) node.lastFailed = true;
    this.lastFailed = attempt.key;
    this.#told.push({ attempt, failure: this.#failure(attempt, error) });
  }

  /** Says what became of the failures told so far; those without a disposition wait on. */
  settle(dispositionOf: (failed: OpenAttempt) => FailureDisposition | undefined): AttemptEnded[] {
    const told = this.#told;
    this.#told = [];
    return told.flatMap(({ attempt, failure }) => {
      const disposition = dispositionOf(attempt);
      if (disposition === undefined) {
        this.#told.push({ attempt, failure });
        return [];
      }
      if (disposition !== 'retried') this.lost = true;
      const endNs = attempt.endNs ?? attempt.startNs;
      return [this.#fact(attempt, endNs, { ...failure, disposition })];
    });
  }

  /** Path, visits and retries so far. */
  state(): Record<string, unknown> {
    const visits = Object.fromEntries([...this.#nodes].map(([id, { visits }]) => [id, visits]));
    return { path: [...this.#path], visits, retries: this.#retries };
  }

  #failure(attempt: OpenAttempt, error: string): FailureOfHive {
    const own = reasonOf(error).message;
    const detail = this.#find(
      attempt.nodeId,
      (known) => !known.success && reasonOf(known.error).message === own,
    );
    const reason = reasonOf(detail?.error || error, detail?.stacktrace);
    const more = detail?.exit_status ? { exit_status: detail.exit_status } : {};
    return {
      ...reason,
      stack: detail?.stacktrace || undefined,
      state: this.state(),
      evidence: attempt.evidence.facts(more),
      ...(attempt.input !== undefined && { input: attempt.input }),
    };
  }

  #fact(attempt: OpenAttempt, endNs: bigint, failure: FailureOfHive | undefined): AttemptEnded {
    const { key, nodeId, visit, startNs, previous, maxAttempts } = attempt;
    const numbers = { attempt: attempt.attempt, visit, maxAttempts };
    const times = { startNs, endNs: endNs > startNs ? endNs : startNs };
    return {
      kind: 'attempt',
      run: this.#run,
      key,
      nodeId,
      ...numbers,
      ...times,
      previous,
      failure,
    };
  }
}

/**
 * The failure that an attempt's own events prove, though Hive may not say that the node failed: a stall, a
 * judge that handed the case on, iterations used up without acceptance.
 */
export function provenFailure(attempt: OpenAttempt, find: FindDetail): string | undefined {
  if (attempt.reported !== undefined) return attempt.reported;
  if (attempt.stalled !== undefined) {
    const detail = find(attempt.nodeId, (known) => known.exit_status === 'stalled');
    return detail?.error || `Node stalled: ${attempt.stalled}`;
  }
  const { verdict } = attempt.evidence;
  if (attempt.iterations === undefined || !verdict) return undefined;
  if (verdict.action === 'ESCALATE') return `Judge escalated: ${verdict.feedback}`;
  const max = attempt.maxIterations;
  const isSpent =
    max !== undefined &&
    attempt.iterations >= max &&
    verdict.action !== 'ACCEPT' &&
    !succeeded(attempt.nodeId, find);
  return isSpent ? `Max iterations (${max}) reached without acceptance` : undefined;
}

/** Whether the session's logs know of nothing but success: a node may be done without a verdict. */
function succeeded(nodeId: string, find: FindDetail): boolean {
  const hasRow = (success: boolean) => find(nodeId, (known) => known.success === success);
  return hasRow(true) !== undefined && hasRow(false) === undefined;
}
