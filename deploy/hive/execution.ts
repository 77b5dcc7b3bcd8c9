// One execution of a graph as the events of Hive's bus tell it: from `execution_started` to the event that
// ends it. A pause, a cancel and the end of Hive's patience are told apart; what Hive reports as success
// though it never came to its end is told as truncated.
import type { GraphRunOutcome } from '../../instrumentation/semconv/attributes.ts';
import { Attempts, type FindDetail, type OpenAttempt, provenFailure } from './attempts.ts';
import type { Fact, FailureOfHive, RunOfHive } from './facts.ts';
import type { HiveGraph } from './graph-file.ts';
import { isOfRun, ownText, reasonOfRun, stoppedAs } from './reasons.ts';
import { dataNumber, dataText, type HiveEvent } from './records.ts';
import { Route } from './route.ts';

/** Turns the events of one execution into facts. */
export class Execution {
  readonly run: RunOfHive;
  readonly #attempts: Attempts;
  readonly #find: FindDetail;
  readonly #input: unknown;
  readonly #route: Route;
  readonly #resurrections: string[] = [];
  readonly #violations: string[] = [];
  #lastNs: bigint;
  #ended = false;

  constructor(run: RunOfHive, input: unknown, find: FindDetail, graph?: HiveGraph) {
    this.run = run;
    this.#input = input;
    this.#find = find;
    this.#route = new Route(input, graph);
    this.#lastNs = run.startNs;
    this.#attempts = new Attempts(run, find);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The facts that an event settles. */
  see(event: HiveEvent, timeNs: bigint): Fact[] {
    const facts = this.#ended ? [] : this.#settledBy(event, timeNs);
    if (event.type.startsWith('execution_') || event.type.startsWith('edge_'))
      this.#lastNs = timeNs;
    return facts;
  }

  #settledBy(event: HiveEvent, timeNs: bigint): Fact[] {
    const attempt = this.#attempts.of(event.node_id);
    switch (event.type) {
      case 'node_loop_started':
        return this.#nodeStarted(event, timeNs);
      case 'node_loop_iteration':
        if (attempt) attempt.iterated = true;
        return [];
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
      case 'constraint_violation':
        return this.#violated(event, timeNs);
      case 'execution_resurrected':
        return this.#resurrected(event, timeNs);
      case 'execution_paused':
        return this.#stop('paused', timeNs);
      case 'execution_completed':
        return this.#completed(timeNs);
      case 'execution_failed':
        return this.#failed(dataText(event, 'error'), timeNs);
      case 'subagent_report':
        return this.#reported(event, timeNs);
      default:
        attempt?.evidence.see(event);
        return [];
    }
  }

  #nodeStarted(event: HiveEvent, timeNs: bigint): Fact[] {
    const facts: Fact[] = [];
    for (const open of this.#attempts.open) {
      const error = provenFailure(open, this.#find);
      if (error !== undefined) this.#attempts.fail(open, error, timeNs);
      // Not ended and not this node: a branch beside it.
      else if (open.iterations !== undefined || open.nodeId === event.node_id)
        facts.push(this.#attempts.succeed(open, timeNs));
    }
    const { node_id: nodeId } = event;
    facts.push(...this.#attempts.settle((failed) => goesOn(failed, nodeId)));
    const begun = this.#attempts.begin(nodeId, timeNs, this.#route.inputOf(nodeId));
    begun.maxIterations = dataNumber(event, 'max_iterations');
    this.#route.arrived(nodeId);
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
    const failed = open ?? this.#silent(event.node_id);
    failed.maxAttempts = dataNumber(event, 'max_retries') || undefined;
    this.#attempts.fail(failed, dataText(event, 'error'), timeNs);
    this.#lastNs = timeNs;
    this.#route.leadsTo(event.node_id, this.#route.inputOf(event.node_id));
    return this.#attempts.settle(() => 'retried');
  }

  #edgeFollowed(event: HiveEvent, timeNs: bigint): Fact[] {
    const source = dataText(event, 'source_node') || event.node_id;
    const target = dataText(event, 'target_node');
    const facts: Fact[] = [];
    const isOfFanOut =
      !this.#attempts.of(source) &&
      this.#attempts.lastNode === source &&
      !this.#route.isPending(source);
    if (source && !isOfFanOut) {
      facts.push(this.#attempts.succeed(this.#attempts.of(source) ?? this.#silent(source), timeNs));
    }
    if (target) this.#route.leadsTo(target);
    return facts;
  }

  #workerCompleted(event: HiveEvent, timeNs: bigint): Fact[] {
    const attempt = this.#attempts.of(event.node_id) ?? this.#silent(event.node_id);
    const { activations } = event.data;
    for (const item of Array.isArray(activations) ? activations : []) {
      const { target_id: target, mapped_inputs: input } = (item ?? {}) as Record<string, unknown>;
      if (typeof target === 'string' && target !== '') this.#route.leadsTo(target, input);
    }
    return [this.#attempts.succeed(attempt, timeNs)];
  }

  #workerFailed(event: HiveEvent, timeNs: bigint): Fact[] {
    const attempt = this.#attempts.of(event.node_id) ?? this.#silent(event.node_id);
    attempt.reported = dataText(event, 'error');
    this.#attempts.fail(attempt, attempt.reported, timeNs);
    return [];
  }

  #violated(event: HiveEvent, timeNs: bigint): Fact[] {
    const id = dataText(event, 'constraint_id');
    const message = dataText(event, 'description') || `constraint ${id} was violated`;
    this.#violations.push(id);
    const failure: FailureOfHive = {
      message,
      type: 'ConstraintViolation',
      site: 'run',
      condition: id || undefined,
      state: this.#state(),
    };
    const key = `constraint#${this.#violations.length}`;
    const name = `check_constraint ${id}`;
    return [{ kind: 'operation', run: this.run, key, name, timeNs, failure }];
  }

  #resurrected(event: HiveEvent, timeNs: bigint): Fact[] {
    const error = dataText(event, 'error');
    this.#resurrections.push(ownText(error));
    const facts = this.#endAttempts(error, timeNs, dataText(event, 'resume_from'));
    if (this.#attempts.toldNodes.length === 0) this.#attempts.lost = true;
    facts.push(...this.#attempts.settle(() => 'retried'));
    this.#route.restart();
    return facts;
  }

  #completed(timeNs: bigint): Fact[] {
    const unfinished = this.#route.unfinished(this.#attempts.open, this.#attempts.lastNode);
    const facts: Fact[] = [];
    for (const open of this.#attempts.open) {
      const error = provenFailure(open, this.#find);
      if (error === undefined) facts.push(this.#attempts.succeed(open, timeNs));
      else this.#attempts.fail(open, error, timeNs);
    }
    facts.push(...this.#attempts.settle(() => 'degraded'));
    if (unfinished !== undefined) {
      return [...facts, ...this.#end('truncated', timeNs, this.#ofRun(unfinished))];
    }
    const isClean = !this.#attempts.lost && this.#violations.length === 0;
    return [...facts, ...this.#end(isClean ? 'success' : 'degraded', timeNs)];
  }

  /** A colony's worker ended: since v0.10 the only event that tells of one that was stopped. */
  #reported(event: HiveEvent, timeNs: bigint): Fact[] {
    const status = dataText(event, 'status');
    if (status === 'stopped') return this.#stop('cancelled', timeNs);
    if (status === 'partial') this.#attempts.lost = true;
    if (status === 'success' || status === 'partial') return this.#completed(timeNs);
    if (status === '') return [];
    return this.#failed(dataText(event, 'error') || `Worker ended: ${status}`, timeNs);
  }

  #failed(error: string, timeNs: bigint): Fact[] {
    const stopped = stoppedAs(error);
    if (stopped) return this.#stop(stopped, timeNs);
    const facts = this.#endAttempts(error, timeNs);
    const isTold = this.#attempts.toldNodes.length > 0;
    facts.push(...this.#attempts.settle(() => 'terminal'));
    if (isTold)
      return [...facts, ...this.#end('failure', timeNs, undefined, this.#attempts.lastFailed)];
    return [...facts, ...this.#end('failure', timeNs, this.#ofRun(error))];
  }

  /** A pause or a cancel: no failure, unless a node had asked for help and got none. */
  #stop(outcome: GraphRunOutcome, timeNs: bigint): Fact[] {
    const facts: Fact[] = [];
    for (const open of this.#attempts.open) {
      const help = open.iterations === undefined ? open.evidence.escalation : undefined;
      if (help === undefined || outcome === 'paused')
        facts.push(this.#attempts.succeed(open, timeNs));
      else this.#attempts.fail(open, help, timeNs);
    }
    facts.push(...this.#attempts.settle(() => 'escalated'));
    return [...facts, ...this.#end(outcome, timeNs)];
  }

  /** Finds the node that an error of the run is about and ends all attempts. */
  #endAttempts(error: string, timeNs: bigint, resumeFrom = ''): Fact[] {
    const facts: Fact[] = [];
    const undecided: OpenAttempt[] = [];
    for (const open of this.#attempts.open) {
      const proven = provenFailure(open, this.#find);
      if (proven !== undefined)
        this.#attempts.fail(open, error && !isOfRun(error) ? error : proven, timeNs);
      else undecided.push(open);
    }
    if (this.#attempts.toldNodes.length === 0 && !isOfRun(error)) {
      const failed =
        undecided.find(({ nodeId }) => nodeId === resumeFrom) ??
        undecided.findLast(({ iterations }) => iterations === undefined) ??
        undecided.at(-1) ??
        this.#silentlyFailed(error, resumeFrom);
      if (failed) this.#attempts.fail(failed, error, timeNs);
    }
    for (const open of this.#attempts.open) facts.push(this.#attempts.succeed(open, timeNs));
    return facts;
  }

  /** The attempt of a node that tells nothing of itself, if something names the node. */
  #silentlyFailed(error: string, resumeFrom: string): OpenAttempt | undefined {
    const own = ownText(error);
    const isIt = (detail: { success: boolean; error: string }) =>
      !detail.success && ownText(detail.error) === own;
    const nodeId = resumeFrom || this.#route.next || this.#find('', isIt)?.node_id || '';
    return nodeId ? this.#silent(nodeId) : undefined;
  }

  /** Begins an attempt that nothing announced: since the last thing that is known. */
  #silent(nodeId: string): OpenAttempt {
    const begun = this.#attempts.begin(nodeId, this.#lastNs, this.#route.inputOf(nodeId));
    this.#route.arrived(nodeId);
    return begun;
  }

  #state(): Record<string, unknown> {
    const state = this.#attempts.state();
    return this.#input === undefined ? state : { ...state, run_input: this.#input };
  }

  #ofRun(error: string): FailureOfHive {
    const resurrections = this.#resurrections.slice(-5);
    return {
      ...reasonOfRun(error),
      state: this.#state(),
      ...(resurrections.length > 0 && { evidence: { resurrections } }),
    };
  }

  #end(outcome: GraphRunOutcome, endNs: bigint, failure?: FailureOfHive, rootKey?: string): Fact[] {
    this.#ended = true;
    const resurrections = this.#resurrections.length;
    return [{ kind: 'run_ended', run: this.run, endNs, outcome, failure, rootKey, resurrections }];
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
