// The node attempts of one execution as its events report them.
//
// An attempt is open, then ended. One that failed waits until an event says what Hive did about it; when
// nothing more comes for now it is reported without that, and once more when it is known.
import type { FailureDisposition } from '../../instrumentation/semconv/attributes.ts';
import type { Details } from './details.ts';
import { Evidence } from './evidence.ts';
import type { AttemptEnded, FailureOfHive, RunOfHive } from './facts.ts';
import { reasonOf } from './reasons.ts';
import { laterOf } from './time.ts';

/** One try of one node that has not become a fact yet. */
export interface OpenAttempt {
  readonly key: string;
  readonly nodeId: string;
  /** Of the node in the run, from 1. */
  readonly ordinal: number;
  readonly attempt: number;
  readonly visit: number;
  readonly startNs: bigint;
  readonly previous: string | undefined;
  readonly evidence: Evidence;
  input: unknown;
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
  /** The attempt that ended well last. */
  succeeded?: OpenAttempt | undefined;
}

/** A failed attempt of which it is not known what Hive does about it. */
interface Waiting {
  readonly attempt: OpenAttempt;
  readonly failure: FailureOfHive;
  /** What was sent of it. */
  reported?: 'attempt' | 'failure' | undefined;
}

/** How a failure is to be read where its words alone do not say it. */
export interface Hints {
  readonly unknown?: Parameters<typeof reasonOf>[2];
  readonly disposition?: FailureDisposition;
}

const PATH_KEPT = 100;

/** Keeps the attempts of one run. */
export class Attempts {
  readonly #run: RunOfHive;
  readonly #details: Details;
  readonly #inputFor: (nodeId: string, disposition?: FailureDisposition) => unknown;
  readonly #nodes = new Map<string, NodeSoFar>();
  readonly #open = new Map<string, OpenAttempt>();
  readonly #path: string[] = [];
  #retries = 0;
  #waiting: Waiting[] = [];
  /** Something failed for good on the way. */
  lost = false;
  /** The attempt that failed last. */
  lastFailed: string | undefined;

  /** @param inputFor what a node read, where no event says it */
  constructor(
    run: RunOfHive,
    details: Details,
    inputFor: (nodeId: string, disposition?: FailureDisposition) => unknown,
  ) {
    this.#run = run;
    this.#details = details;
    this.#inputFor = inputFor;
  }

  get open(): readonly OpenAttempt[] {
    return [...this.#open.values()];
  }

  get waitingNodes(): readonly string[] {
    return this.#waiting.map(({ attempt }) => attempt.nodeId);
  }

  get lastNode(): string | undefined {
    return this.#path.at(-1);
  }

  of(nodeId: string): OpenAttempt | undefined {
    return this.#open.get(nodeId);
  }

  /** How many attempts the node had. */
  count(nodeId: string): number {
    return this.#nodes.get(nodeId)?.attempts ?? 0;
  }

  /** Whether the next attempt of the node repeats one that failed. */
  isAgain(nodeId: string): boolean {
    return this.#nodes.get(nodeId)?.lastFailed ?? false;
  }

  /** Whether the node handed over and has not gone on since. */
  hasEscalated(nodeId: string): boolean {
    return this.#waiting.some(
      ({ attempt, failure }) => attempt.nodeId === nodeId && failure.disposition === 'escalated',
    );
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
    const { attempts: ordinal, attempt, visits: visit, lastKey: key } = node;
    const begun = { key, nodeId, ordinal, attempt, visit, startNs, previous, input };
    const open: OpenAttempt = { ...begun, evidence: new Evidence(), iterated: false };
    this.#open.set(nodeId, open);
    return open;
  }

  /** It returned. */
  succeed(attempt: OpenAttempt, endNs: bigint): AttemptEnded {
    this.#open.delete(attempt.nodeId);
    attempt.endNs ??= endNs;
    const node = this.#nodes.get(attempt.nodeId);
    if (node) node.succeeded = attempt;
    return this.#fact(attempt, undefined);
  }

  /** It was stopped before it returned: neither a success nor a failure. */
  drop(attempt: OpenAttempt): void {
    this.#open.delete(attempt.nodeId);
  }

  /** The last attempt of the node that was reported as good, which it was not. */
  reopen(nodeId: string): OpenAttempt | undefined {
    const node = this.#nodes.get(nodeId);
    const attempt = node?.lastFailed ? undefined : node?.succeeded;
    return attempt?.key === node?.lastKey ? attempt : undefined;
  }

  /** It failed; {@link settle} makes it a fact. */
  fail(attempt: OpenAttempt, error: string, endNs: bigint, hints: Hints = {}): void {
    this.#open.delete(attempt.nodeId);
    attempt.endNs ??= endNs;
    const node = this.#nodes.get(attempt.nodeId);
    const reported = node?.succeeded === attempt ? 'attempt' : undefined;
    if (node) node.lastFailed = true;
    this.lastFailed = attempt.key;
    this.#waiting.push({ attempt, failure: this.#failure(attempt, error, hints), reported });
  }

  /** Says what became of the failures so far; those without a disposition wait on. */
  settle(dispositionOf: (failed: OpenAttempt) => FailureDisposition | undefined): AttemptEnded[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting.flatMap((failed) => {
      const found = dispositionOf(failed.attempt);
      const kept = found === 'retried' ? found : found && (failed.failure.disposition ?? found);
      if (kept === undefined) {
        this.#waiting.push(failed);
        return [];
      }
      if (kept !== 'retried') this.lost = true;
      if (failed.reported === 'failure' && kept === failed.failure.disposition) return [];
      return [this.#failedFact(failed, kept)];
    });
  }

  /** Failures that wait and were not reported yet, as far as they are known. */
  unreported(): AttemptEnded[] {
    return this.#waiting
      .filter(({ reported }) => reported !== 'failure')
      .map((failed) => {
        const fact = this.#failedFact(failed, failed.failure.disposition);
        failed.reported = 'failure';
        return fact;
      });
  }

  /** Path, visits and retries so far. */
  state(): Record<string, unknown> {
    const visits = Object.fromEntries([...this.#nodes].map(([id, { visits }]) => [id, visits]));
    return { path: [...this.#path], visits, retries: this.#retries };
  }

  #failedFact(
    { attempt, failure, reported }: Waiting,
    disposition: FailureDisposition | undefined,
  ): AttemptEnded {
    const input = attempt.input ?? this.#inputFor(attempt.nodeId, disposition);
    const known = {
      ...failure,
      ...(disposition && { disposition }),
      ...(input !== undefined && { input }),
    };
    return { ...this.#fact(attempt, known), amends: reported };
  }

  #failure(attempt: OpenAttempt, error: string, { unknown, disposition }: Hints): FailureOfHive {
    const detail = this.#details.take(attempt.nodeId, error);
    const reason = reasonOf(detail?.error || error, detail?.stacktrace, unknown);
    const more = detail?.exit_status ? { exit_status: detail.exit_status } : {};
    return {
      ...reason,
      stack: detail?.stacktrace || undefined,
      state: this.state(),
      evidence: attempt.evidence.facts(more),
      ...(disposition && { disposition }),
    };
  }

  #fact(attempt: OpenAttempt, failure: FailureOfHive | undefined): AttemptEnded {
    const { key, nodeId, visit, startNs, previous, maxAttempts, endNs = startNs } = attempt;
    return {
      kind: 'attempt',
      run: this.#run,
      key,
      nodeId,
      attempt: attempt.attempt,
      visit,
      maxAttempts,
      startNs,
      endNs: laterOf(endNs, startNs),
      previous,
      failure,
    };
  }
}

/**
 * The failure that an attempt's own events and its row of level 2 prove, though Hive may not say that the
 * node failed: a stall, a judge that handed the case on, iterations used up without acceptance.
 */
export function provenFailure(attempt: OpenAttempt, details: Details): string | undefined {
  const { nodeId, ordinal } = attempt;
  if (attempt.reported !== undefined) return attempt.reported;
  if (attempt.stalled !== undefined) {
    const row = details.of(nodeId).findLast((known) => known.exit_status === 'stalled');
    return row?.error || `Node stalled: ${attempt.stalled}`;
  }
  if (attempt.iterations === undefined) return undefined;
  const { verdict } = attempt.evidence;
  if (!verdict) return details.failureOf(nodeId, ordinal);
  if (verdict.action === 'ESCALATE') return `Judge escalated: ${verdict.feedback}`;
  const max = attempt.maxIterations;
  const isSpent =
    max !== undefined &&
    attempt.iterations >= max &&
    verdict.action !== 'ACCEPT' &&
    !succeeded(nodeId, details);
  return isSpent ? `Max iterations (${max}) reached without acceptance` : undefined;
}

/** Whether the session's logs know of nothing but success: a node may be done without a verdict. */
function succeeded(nodeId: string, details: Details): boolean {
  const rows = details.of(nodeId);
  return rows.length > 0 && rows.every(({ success }) => success);
}
