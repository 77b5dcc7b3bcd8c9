// Where in a run the calling code is: one place for each `Runner.run`, with the agent that has the floor.
//
// A place starts its agent, runs it, hands over to another (which starts then), and is done when an agent
// has given the final output. A run inside a tool or a guardrail is a place inside the outer one: its
// agents are nodes of the outer run, as `outer:inner`.
import type { Tracer } from '@opentelemetry/api';
import type { FailureDetails, NodeAttempt } from '../../core/attempt.ts';
import { describeException } from '../../core/exception.ts';
import type { GraphRun, RunIdentity } from '../../core/run.ts';
import { placeStore } from '../../delivery/crash/running.ts';
import type { OperationPlace } from '../shared/operation.ts';
import { leaveUndecided, likelyEnd, settle } from '../shared/undecided.ts';
import { Held } from './held.ts';

/** What a place is made of. */
export interface PlaceStart {
  readonly run: GraphRun;
  readonly identity: RunIdentity;
  readonly tracer: Tracer;
  readonly agentName: string;
  readonly input: unknown;
  readonly signal: AbortSignal | undefined;
  /** The place whose tool or guardrail started this run. */
  readonly outer?: Place;
  /** The SDK's span around it. */
  readonly spanAround?: string | undefined;
}

const TOOL_ERRORS_KEPT = 3;

export class Place implements OperationPlace {
  readonly run: GraphRun;
  readonly identity: RunIdentity;
  readonly tracer: Tracer;
  readonly signal: AbortSignal | undefined;
  readonly outer: Place | undefined;
  readonly spanAround: string | undefined;
  readonly held: Held;
  /** The SDK's spans whose failure has been reported. */
  readonly reportedSpans = new Set<string>();
  /** The agent's attempt that is open. */
  attempt: NodeAttempt | undefined;
  /** What the last agent gave. */
  output: unknown;
  ended = false;
  #phase: 'starting' | 'running' | 'handing over' | 'done' = 'starting';
  #agentName: string;
  #input: unknown;
  #toolErrors: { tool: string; type: string; message: string }[] = [];

  constructor(start: PlaceStart) {
    this.run = start.run;
    this.identity = start.identity;
    this.tracer = start.tracer;
    this.signal = start.signal;
    this.outer = start.outer;
    this.spanAround = start.spanAround;
    this.#agentName = start.agentName;
    this.#input = start.input;
    this.held = new Held(this);
  }

  /** What a place inside this one has of it. */
  get means(): OperationPlace {
    const { run, identity, tracer } = this;
    return { run, identity, tracer };
  }

  /** An agent has the floor now. */
  start(agentName: string, input: unknown): void {
    this.#leave();
    this.#agentName = agentName;
    if (input !== undefined) this.#input = input;
    this.#begin();
  }

  /** The agent gives the floor to another, which starts next. */
  handOver(agentName: string): void {
    this.#phase = 'handing over';
    this.#agentName = agentName;
  }

  /** The agent gave the final output. */
  finish(output: unknown): void {
    const { attempt } = this;
    this.output = output;
    this.#phase = 'done';
    this.attempt = undefined;
    if (attempt) this.run.returned(attempt, { input: this.#input, output });
  }

  /** It was paused or cancelled. */
  stop(): void {
    this.attempt?.stop();
    this.attempt = undefined;
  }

  /**
   * The agent failed, or the one that was about to start did.
   * @param atHandoff whether the handoff itself failed, so that it is the agent before that failed
   */
  fail(error: unknown, details: FailureDetails, atHandoff: boolean): void {
    // The agent's work is done, what comes after is the run's.
    if (this.#phase === 'done') return;
    if (this.#phase === 'handing over' && !atHandoff) this.#leave();
    const started = this.attempt !== undefined;
    const attempt = this.attempt ?? this.#begin();
    this.attempt = undefined;
    const { evidence: known, ...rest } = details;
    const evidence = {
      ...known,
      ...(this.#toolErrors.length > 0 && { tool_errors: this.#toolErrors }),
    };
    attempt.report(error, {
      site: started ? undefined : 'node.start',
      ...rest,
      input: this.#input,
      ...(Object.keys(evidence).length > 0 && { evidence }),
    });
    if (!this.outer) {
      settle(attempt, 'terminal');
      return;
    }
    // What throws out of a tool goes to the model as text, unless the outer run ends by it right now.
    leaveUndecided(attempt, 'terminal');
    setImmediate(() => {
      if (likelyEnd(attempt)) settle(attempt, 'routed');
    });
  }

  /** A tool failed, for the evidence of the agent. */
  noteToolError(tool: string, error: unknown): void {
    const { errorType, message } = describeException(error);
    this.#toolErrors.push({ tool, type: errorType, message });
    if (this.#toolErrors.length > TOOL_ERRORS_KEPT) this.#toolErrors.shift();
  }

  #begin(): NodeAttempt {
    const around = this.outer?.attempt;
    const nodeId = around ? `${around.nodeId}:${this.#agentName}` : this.#agentName;
    const attempt = this.run.attempt({ nodeId, type: 'agent', inside: around });
    this.attempt = attempt;
    this.#phase = 'running';
    this.#toolErrors = [];
    return attempt;
  }

  #leave(): void {
    this.held.release();
    this.attempt?.succeed();
    this.attempt = undefined;
  }
}

export const places = placeStore<Place>((place) =>
  place.ended ? undefined : { run: place.run, attempt: place.attempt },
);

/** The place that the calling code runs in, if its run still goes on. */
export function currentPlace(): Place | undefined {
  const place = places.getStore();
  return place?.ended ? undefined : place;
}
