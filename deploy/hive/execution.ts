// One execution of a graph as the events of Hive's bus report it: from `execution_started` to the event that
// ends it. A pause, a cancel and the end of Hive's patience are kept apart; what Hive reports as success
// though it never came to its end is truncated.
import { type OpenAttempt, provenFailure } from './attempts.ts';
import { closeByLogs } from './closing.ts';
import type { Fact, RunOfHive } from './facts.ts';
import { OF_ESCALATION, OF_WORKER } from './reasons.ts';
import { dataNumber, dataText, type HiveEvent } from './records.ts';
import { type Around, RunSoFar } from './run-so-far.ts';
import type { SessionLogs } from './session-logs.ts';

/** Turns the events of one execution into facts. */
export class Execution {
  readonly #soFar: RunSoFar;
  /** A worker of a colony, which reports once more when it has ended. */
  readonly #isWorker: boolean;
  /** Hive said that a worker completed; what the worker says itself is to come. */
  #completedNs: bigint | undefined;

  /** @param input what the run got, where an event says it */
  constructor(run: RunOfHive, input: unknown, around: Around & { readonly isWorker?: boolean }) {
    this.#soFar = new RunSoFar(run, input, around);
    this.#isWorker = around.isWorker ?? false;
  }

  get run(): RunOfHive {
    return this.#soFar.run;
  }

  get ended(): boolean {
    return this.#soFar.ended;
  }

  /** Whether it waits for the report of its worker. */
  get isCompleted(): boolean {
    return this.#completedNs !== undefined && !this.ended;
  }

  /** The facts that an event settles. */
  see(event: HiveEvent, timeNs: bigint): Fact[] {
    const facts = this.ended ? [] : this.#settledBy(event, timeNs);
    if (event.type.startsWith('execution_') || event.type.startsWith('edge_'))
      this.#soFar.lastNs = timeNs;
    return facts;
  }

  /** Failures that Hive has reported, when it says nothing more for now. */
  unreported(): Fact[] {
    return this.#soFar.attempts.unreported();
  }

  /** The report of its worker does not come. */
  complete(): Fact[] {
    return this.#completedNs === undefined ? [] : this.#soFar.completed(this.#completedNs);
  }

  /** Ends a run that no event will end, if the session's logs say that it has ended. */
  close(logs: SessionLogs): Fact[] {
    return closeByLogs(this.#soFar, logs);
  }

  #settledBy(event: HiveEvent, timeNs: bigint): Fact[] {
    const attempt = this.#soFar.attempts.of(event.node_id);
    switch (event.type) {
      case 'node_loop_started':
        return this.#nodeStarted(event, timeNs);
      case 'node_loop_iteration':
        return this.#iterated(event, timeNs);
      case 'node_loop_completed':
        if (attempt) {
          attempt.iterations = dataNumber(event, 'iterations') ?? 0;
          attempt.endNs = timeNs;
        }
        return [];
      case 'node_stalled':
        if (attempt) {
          attempt.stalled = dataText(event, 'reason');
          attempt.endNs = timeNs;
        }
        return [];
      case 'node_retry':
        return this.#retried(event, timeNs, attempt);
      case 'edge_traversed':
        return this.#edgeFollowed(event, timeNs);
      case 'worker_completed':
        return this.#workerCompleted(event, timeNs);
      case 'worker_failed':
        return this.#workerFailed(event, timeNs);
      case 'escalation_requested':
        return this.#escalated(event, timeNs, attempt);
      case 'constraint_violation':
        return [
          this.#soFar.violated(
            dataText(event, 'constraint_id'),
            dataText(event, 'description'),
            timeNs,
          ),
        ];
      case 'execution_resurrected':
        return this.#soFar.resurrected(
          dataText(event, 'error'),
          timeNs,
          dataText(event, 'resume_from'),
        );
      case 'execution_paused':
        return this.#soFar.stopped('paused', timeNs);
      case 'execution_completed':
        if (!this.#isWorker) return this.#soFar.completed(timeNs);
        this.#completedNs = timeNs;
        this.#began(event);
        return [];
      case 'execution_failed':
        return this.#soFar.failed(dataText(event, 'error'), timeNs);
      case 'subagent_report':
        return this.#reported(event, timeNs);
      default:
        attempt?.evidence.see(event);
        return [];
    }
  }

  #nodeStarted(event: HiveEvent, timeNs: bigint): Fact[] {
    const facts: Fact[] = [];
    for (const open of this.#soFar.attempts.open) {
      const error = provenFailure(open, this.#soFar.details);
      if (error !== undefined) this.#soFar.attempts.fail(open, error, timeNs);
      // Not ended and not this node: a branch beside it.
      else if (open.iterations !== undefined || open.nodeId === event.node_id)
        facts.push(this.#soFar.attempts.succeed(open, timeNs));
    }
    const { node_id: nodeId } = event;
    facts.push(...this.#soFar.attempts.settle((failed) => goesOn(failed, nodeId)));
    const begun = this.#soFar.begin(nodeId, timeNs);
    begun.maxIterations = dataNumber(event, 'max_iterations');
    return facts;
  }

  /** Also the sign that a node goes on which had handed over and got help. */
  #iterated({ node_id: nodeId }: HiveEvent, timeNs: bigint): Fact[] {
    const facts = this.#soFar.attempts.hasEscalated(nodeId) ? this.#goOn(nodeId, timeNs) : [];
    const attempt = this.#soFar.attempts.of(nodeId);
    if (attempt) attempt.iterated = true;
    return facts;
  }

  #goOn(nodeId: string, timeNs: bigint): Fact[] {
    const facts = this.#soFar.attempts.settle((failed) =>
      failed.nodeId === nodeId ? 'retried' : undefined,
    );
    this.#soFar.begin(nodeId, timeNs);
    return facts;
  }

  #retried(event: HiveEvent, timeNs: bigint, open: OpenAttempt | undefined): Fact[] {
    if (
      open &&
      (open.iterated || open.maxIterations !== undefined) &&
      open.iterations === undefined
    ) {
      open.evidence.see(event);
      return [];
    }
    const failed = open ?? this.#soFar.silent(event.node_id);
    failed.maxAttempts = dataNumber(event, 'max_retries') || undefined;
    this.#soFar.attempts.fail(failed, dataText(event, 'error'), timeNs);
    this.#soFar.lastNs = timeNs;
    this.#soFar.route.leadsTo(event.node_id, failed.input);
    return this.#soFar.attempts.settle(() => 'retried');
  }

  #edgeFollowed(event: HiveEvent, timeNs: bigint): Fact[] {
    const source = dataText(event, 'source_node') || event.node_id;
    const target = dataText(event, 'target_node');
    const facts: Fact[] = [];
    const isOfFanOut =
      !this.#soFar.attempts.of(source) &&
      this.#soFar.attempts.lastNode === source &&
      !this.#soFar.route.isPending(source);
    if (source && !isOfFanOut) {
      facts.push(
        this.#soFar.attempts.succeed(
          this.#soFar.attempts.of(source) ?? this.#soFar.silent(source),
          timeNs,
        ),
      );
    }
    if (target) this.#soFar.route.leadsTo(target);
    return facts;
  }

  #workerCompleted(event: HiveEvent, timeNs: bigint): Fact[] {
    const { node_id: nodeId } = event;
    const facts = this.#soFar.attempts.hasEscalated(nodeId) ? this.#goOn(nodeId, timeNs) : [];
    const attempt = this.#soFar.attempts.of(nodeId) ?? this.#soFar.silent(nodeId);
    const { activations } = event.data;
    for (const item of Array.isArray(activations) ? activations : []) {
      const { target_id: target, mapped_inputs: input } = (item ?? {}) as Record<string, unknown>;
      if (typeof target === 'string' && target !== '') this.#soFar.route.leadsTo(target, input);
    }
    return [...facts, this.#soFar.attempts.succeed(attempt, timeNs)];
  }

  #workerFailed(event: HiveEvent, timeNs: bigint): Fact[] {
    const { node_id: nodeId } = event;
    // It had handed over, and that is its failure.
    if (this.#soFar.attempts.hasEscalated(nodeId)) return [];
    const attempt = this.#soFar.attempts.of(nodeId) ?? this.#soFar.silent(nodeId);
    attempt.reported = dataText(event, 'error');
    this.#soFar.attempts.fail(attempt, attempt.reported, timeNs);
    return [];
  }

  /** The node gives up for now and waits for the Queen, who decides whether to change the graph. */
  #escalated(event: HiveEvent, timeNs: bigint, attempt: OpenAttempt | undefined): Fact[] {
    attempt?.evidence.see(event);
    const reason = dataText(event, 'reason');
    // A sub-agent asks its node something; the node goes on.
    if (!attempt || reason.startsWith('Subagent report')) return [];
    this.#soFar.attempts.fail(attempt, reason || dataText(event, 'context'), timeNs, {
      unknown: OF_ESCALATION,
      disposition: 'escalated',
    });
    return [];
  }

  /** A colony's worker ended: its own word, which Hive's `execution_completed` does not know of. */
  #reported(event: HiveEvent, timeNs: bigint): Fact[] {
    const status = dataText(event, 'status');
    this.#began(event);
    if (status === 'stopped') return this.#soFar.stopped('cancelled', timeNs);
    if (status === 'partial') this.#soFar.attempts.lost = true;
    if (status === 'success' || status === 'partial') return this.#soFar.completed(timeNs);
    if (status === '') return [];
    const error =
      dataText(event, 'error') ||
      (status === 'failed' && dataText(event, 'summary')) ||
      `Worker ended: ${status}`;
    for (const open of this.#soFar.attempts.open)
      this.#soFar.attempts.fail(open, error, timeNs, { unknown: OF_WORKER });
    return this.#soFar.failed(error, timeNs);
  }

  /** A worker's task stands only in the events that end it. */
  #began({ data: { task } }: HiveEvent): void {
    if (task !== undefined && task !== '') this.#soFar.began({ task });
  }
}

/**
 * What it says about a failure that a node starts afterwards. A worker that reported its failure is never
 * routed around: what starts then is a branch beside it.
 */
function goesOn(failed: OpenAttempt, next: string): 'retried' | 'routed' | undefined {
  if (failed.nodeId === next) return 'retried';
  return failed.reported === undefined ? 'routed' : undefined;
}
