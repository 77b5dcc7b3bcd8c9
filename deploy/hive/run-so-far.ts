// What is known of one run so far, whatever reported it: its attempts, where it is, and how it ends. Events
// (execution.ts) and, for runs that no event ends, the session's logs (closing.ts) move it on.
import type {
  FailureDisposition,
  GraphRunOutcome,
} from '../../instrumentation/semconv/attributes.ts';
import { Attempts, type OpenAttempt, provenFailure } from './attempts.ts';
import { Details } from './details.ts';
import type { Fact, FailureOfHive, RunOfHive } from './facts.ts';
import type { HiveGraph } from './graph-file.ts';
import { failedBranches, isOfRun, ownText, reasonOfRun, stoppedAs } from './reasons.ts';
import { Route } from './route.ts';
import type { SessionView } from './session-logs.ts';

/** What is known of a run besides its events. */
export interface Around {
  readonly session: SessionView;
  readonly graph?: HiveGraph | undefined;
}

/** One run that has not ended. */
export class RunSoFar {
  readonly run: RunOfHive;
  readonly attempts: Attempts;
  readonly details: Details;
  readonly route: Route;
  readonly #around: Around;
  readonly #resurrections: string[] = [];
  readonly #violations: string[] = [];
  #input: unknown;
  /** When an edge, a retry or the run itself was heard of last: nodes that announce nothing start then. */
  lastNs: bigint;
  ended = false;

  /** @param input what the run got, where an event says it */
  constructor(run: RunOfHive, input: unknown, around: Around) {
    this.run = run;
    this.#around = around;
    this.details = new Details(() => around.session.details());
    this.#input = input ?? around.session.state()?.input_data;
    this.route = new Route(this.#input, around.graph);
    this.lastNs = run.startNs;
    this.attempts = new Attempts(run, this.details, (nodeId, disposition) =>
      this.#inputFromMemory(nodeId, disposition),
    );
  }

  /** What the run got is known only now. */
  began(input: unknown): void {
    if (this.#input !== undefined) return;
    this.#input = input;
    this.route.began(input);
    for (const open of this.attempts.open) open.input ??= input;
  }

  begin(nodeId: string, startNs: bigint): OpenAttempt {
    const input = this.route.inputOf(nodeId, this.attempts.isAgain(nodeId));
    this.route.arrived(nodeId, input);
    return this.attempts.begin(nodeId, startNs, input);
  }

  /** Begins an attempt that nothing announced: since the last thing that is known. */
  silent(nodeId: string): OpenAttempt {
    return this.begin(nodeId, this.lastNs);
  }

  violated(id: string, description: string, timeNs: bigint): Fact {
    this.#violations.push(id);
    const failure: FailureOfHive = {
      message: description || `constraint ${id} was violated`,
      type: 'ConstraintViolation',
      site: 'run',
      condition: id || undefined,
      state: this.#state(),
    };
    const key = `constraint#${this.#violations.length}`;
    const name = `check_constraint ${id}`;
    return { kind: 'operation', run: this.run, key, name, timeNs, failure };
  }

  /** Hive starts the run again after an error; one that is no node's is a failure of its own. */
  resurrected(error: string, timeNs: bigint, resumeFrom: string): Fact[] {
    const { run } = this;
    const facts = this.#endAttempts(error, timeNs, resumeFrom);
    if (this.attempts.waitingNodes.length === 0) {
      const key = `run_error#${this.#resurrections.length + 1}`;
      const name = `resurrect_graph ${run.graphId}`;
      const failure: FailureOfHive = { ...this.#ofRun(error), disposition: 'retried' };
      facts.push({ kind: 'operation', isOfRun: true, run, key, name, timeNs, failure });
    }
    this.#resurrections.push(ownText(error));
    facts.push(...this.attempts.settle(() => 'retried'));
    this.route.restart();
    return facts;
  }

  /** Hive calls the run a success. */
  completed(timeNs: bigint): Fact[] {
    const unfinished = this.route.unfinished(this.attempts.open, this.attempts.lastNode);
    const facts: Fact[] = [];
    for (const open of this.attempts.open) {
      const error = provenFailure(open, this.details);
      if (error === undefined) facts.push(this.attempts.succeed(open, timeNs));
      else this.attempts.fail(open, error, timeNs);
    }
    facts.push(...this.attempts.settle(() => 'degraded'));
    if (unfinished !== undefined) {
      return [...facts, this.#end('truncated', timeNs, this.#ofRun(unfinished))];
    }
    const isClean = !this.attempts.lost && this.#violations.length === 0;
    return [...facts, this.#end(isClean ? 'success' : 'degraded', timeNs)];
  }

  /** Ends the run as failed, or as stopped where that is what the error says. */
  failed(error: string, timeNs: bigint): Fact[] {
    const stopped = stoppedAs(error);
    if (stopped) return this.stopped(stopped, timeNs);
    const facts = this.#endAttempts(error, timeNs);
    const isKnown = this.attempts.waitingNodes.length > 0;
    facts.push(...this.attempts.settle(() => 'terminal'));
    if (isKnown)
      return [...facts, this.#end('failure', timeNs, undefined, this.attempts.lastFailed)];
    return [...facts, this.#end('failure', timeNs, this.#ofRun(error))];
  }

  /** A pause or a cancel: no failure, and nodes that were at work neither failed nor succeeded. */
  stopped(outcome: GraphRunOutcome, timeNs: bigint): Fact[] {
    const facts: Fact[] = [];
    for (const open of this.attempts.open) {
      if (open.iterations === undefined) this.attempts.drop(open);
      else facts.push(this.attempts.succeed(open, timeNs));
    }
    facts.push(...this.attempts.settle(() => 'escalated'));
    return [...facts, this.#end(outcome, timeNs)];
  }

  /** Finds the nodes that an error of the run is about and ends all attempts. */
  #endAttempts(error: string, timeNs: bigint, resumeFrom = ''): Fact[] {
    const facts: Fact[] = [];
    const undecided: OpenAttempt[] = [];
    const branches = failedBranches(error);
    this.#failBranches(branches, error, timeNs);
    const isOfNode = error !== '' && branches.length === 0 && !isOfRun(error);
    for (const open of this.attempts.open) {
      const proven = provenFailure(open, this.details);
      if (proven !== undefined) this.attempts.fail(open, isOfNode ? error : proven, timeNs);
      else undecided.push(open);
    }
    if (this.attempts.waitingNodes.length === 0 && !isOfRun(error)) {
      const failed =
        undecided.find(({ nodeId }) => nodeId === resumeFrom) ??
        undecided.findLast(({ iterations }) => iterations === undefined) ??
        undecided.at(-1) ??
        this.#silentlyFailed(error, resumeFrom);
      if (failed) this.attempts.fail(failed, error, timeNs);
    }
    for (const open of this.attempts.open) facts.push(this.attempts.succeed(open, timeNs));
    return facts;
  }

  /** A fan-out reports only the names of the branches that failed; what they failed with is in level 2. */
  #failBranches(names: readonly string[], error: string, timeNs: bigint): void {
    for (const name of names) {
      const row = this.details.rows.find(({ node_name }) => node_name === name);
      const nodeId = row?.node_id ?? this.#around.graph?.nodeNamed(name) ?? name;
      if (this.attempts.waitingNodes.includes(nodeId)) continue;
      const attempt =
        this.attempts.of(nodeId) ?? this.attempts.reopen(nodeId) ?? this.silent(nodeId);
      const own = this.details.of(nodeId).findLast(({ success }) => !success)?.error;
      this.attempts.fail(attempt, own ?? provenFailure(attempt, this.details) ?? error, timeNs);
    }
  }

  /** The attempt of a node that reports nothing of itself, if something names the node. */
  #silentlyFailed(error: string, resumeFrom: string): OpenAttempt | undefined {
    const nodeId = resumeFrom || this.route.next || this.details.nodeOf(error) || '';
    return nodeId ? this.silent(nodeId) : undefined;
  }

  /**
   * What the node read, as the session's shared memory has it after the node: the keys that the graph says.
   * Without the graph it is all of the memory, unless other nodes may have written to it since.
   */
  #inputFromMemory(nodeId: string, disposition?: FailureDisposition): unknown {
    const memory = this.#around.session.state()?.memory ?? {};
    const isOld = disposition === 'routed' || disposition === 'degraded';
    const keys = this.#around.graph?.inputsOf(nodeId) ?? (isOld ? [] : Object.keys(memory));
    const known = keys.filter((key) => Object.hasOwn(memory, key));
    if (known.length === 0) return undefined;
    return Object.fromEntries(known.map((key) => [key, memory[key]]));
  }

  #state(): Record<string, unknown> {
    const state = this.attempts.state();
    return this.#input === undefined ? state : { ...state, run_input: this.#input };
  }

  #ofRun(error: string): FailureOfHive {
    const resurrections = this.#resurrections.slice(-5);
    return {
      ...reasonOfRun(error),
      ...(this.#input !== undefined && { input: this.#input }),
      state: this.#state(),
      ...(resurrections.length > 0 && { evidence: { resurrections } }),
    };
  }

  #end(outcome: GraphRunOutcome, endNs: bigint, failure?: FailureOfHive, rootKey?: string): Fact {
    this.ended = true;
    const resurrections = this.#resurrections.length;
    return { kind: 'run_ended', run: this.run, endNs, outcome, failure, rootKey, resurrections };
  }
}
