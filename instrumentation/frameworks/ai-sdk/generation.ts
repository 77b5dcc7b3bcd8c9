// One call of generateText, streamText or a sister as one run: the model and its tools are the nodes.
//
// It begins with the first call of the model, which has the schemas of the tools, or with its end if that
// comes first; it ends once, with the first that says so.
import {
  type Context,
  isSpanContextValid,
  type Span,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { startAppTracing } from '../../core/app-sdk.ts';
import type { FailureDetails, NodeAttempt } from '../../core/attempt.ts';
import { GraphRun, type RunIdentity } from '../../core/run.ts';
import { beforeTheEnd } from '../../delivery/ending.ts';
import { ATTR_FAULTLINE_RECORDED } from '../../semconv/attributes.ts';
import { agentIdOf } from '../shared/identity.ts';
import { reportOperation } from '../shared/operation.ts';
import {
  describeModelError,
  inputOf,
  isAborted,
  isTimeout,
  lastErrorOf,
  toolClassOf,
} from './errors.ts';
import type { CallStart, ModelCall, Part, PreparedTool, Step, ToolCall } from './internal-types.ts';
import { ModelAttempts } from './model-attempts.ts';
import { outcomeOf } from './outcome.ts';
import { contextHere, type Place } from './place.ts';
import { aiSdkSnapshot, toolNode } from './snapshot.ts';
import type { AiSdkOptions } from './types.ts';

/** After how long without a reader a stream counts as left, in milliseconds: nothing reports that it was. */
const LEFT_AFTER_MS = 60_000;

/** Streams whose end is not known. One that nobody reads has none when the process ends. */
const streams = new Set<{ left(): void }>();
beforeTheEnd(() => {
  for (const stream of streams) stream.left();
});

export class Generation {
  readonly model: ModelAttempts;
  /** What runs in the call, but in no tool of it. */
  readonly place: Place = {};
  readonly #start: CallStart;
  readonly #options: AiSdkOptions;
  readonly #tracer: Tracer;
  readonly #forget: () => void;
  #parent: Context = contextHere();
  #identity: RunIdentity | undefined;
  #tools: readonly PreparedTool[] = [];
  readonly #toolAttempts = new Map<string, NodeAttempt>();
  /** Tools that ended with an AbortError: their own failure, unless the caller cancelled. */
  readonly #doubtful: (() => void)[] = [];
  /** How many reads and tools are waited for; only a stream has a timer. */
  #busy = 0;
  #leaving: NodeJS.Timeout | undefined;
  #ended = false;

  /** @param forget called when it has ended */
  constructor(start: CallStart, options: AiSdkOptions, tracer: Tracer, forget = () => {}) {
    this.#forget = forget;
    this.#start = start;
    this.#options = options;
    this.#tracer = tracer;
    // The SDK's own spans of this call begin before the run does.
    startAppTracing();
    this.model = new ModelAttempts({
      start,
      runOf: (call) => this.#begin(call),
      isCancel: (error) => this.#isCancel(error),
      goesOn: () => this.#decide(),
      reading: (change) => this.#wait(change),
      broke: (error) => this.failed(error),
    });
  }

  /** Whether the SDK may still fail it after it came to its end. */
  get checksOutput(): boolean {
    return this.#start.checksOutput === true;
  }

  /**
   * The SDK made a span of its own for what is recorded here: the collector skips it. Where no span is around
   * the call, the run goes into its trace, in which other instrumentations may report the same failure.
   */
  beside(span: Span): Span {
    span.setAttribute(ATTR_FAULTLINE_RECORDED, true);
    const isAlone = trace.getSpanContext(this.#parent) === undefined;
    if (isAlone && isSpanContextValid(span.spanContext())) {
      this.#parent = trace.setSpan(this.#parent, span);
    }
    return span;
  }

  /** A tool is about to run. */
  toolStarted({ toolCallId, toolName }: ToolCall): void {
    if (this.#toolAttempts.has(toolCallId)) return;
    const attempt = this.#begin().attempt({
      nodeId: toolNode(toolName),
      name: toolName,
      type: 'tool',
      attempt: 1,
      maxAttempts: 1,
    });
    this.#toolAttempts.set(toolCallId, attempt);
    this.#busy += 1;
  }

  placeOfTool(toolCallId: string): Place {
    return { run: this.place.run, attempt: this.#toolAttempts.get(toolCallId) };
  }

  /** A tool returned or threw; the model gets to know either. */
  toolEnded(call: ToolCall, end: { output: unknown } | { error: unknown }): void {
    const attempt = this.#toolAttempts.get(call.toolCallId);
    if (!attempt?.open) return;
    this.#busy -= 1;
    this.#leaving?.refresh();
    if ('output' in end)
      this.#begin().returned(attempt, { ...inputOf(this.#start, call.input), output: end.output });
    else {
      const fail = () => attempt.fail(end.error, this.#detailsOfTool(call, end.error), 'routed');
      if (this.#isCancel(end.error)) this.#doubtful.push(fail);
      else fail();
    }
  }

  /** A step is over: its tool calls that never ran are reported. */
  stepEnded(step: Step): void {
    const content = step.content ?? [];
    const calls = new Map(
      content.filter(({ type }) => type === 'tool-call').map((part) => [part.toolCallId, part]),
    );
    for (const part of content) {
      if (part.type === 'tool-error') this.#refused(part, calls.get(part.toolCallId));
    }
  }

  /** It came to an end without an error. */
  finished(steps: readonly Step[], output: unknown): void {
    const { error } = this.model;
    if (error) this.failed(error.thrown);
    else this.#end(outcomeOf(steps), undefined, output);
  }

  /** It ended with an error; a call that the caller cancelled is no failure. */
  failed(thrown: unknown): void {
    if (this.#isCancel(lastErrorOf(thrown))) {
      this.#end('cancelled');
      return;
    }
    // The SDK may report a copy of what the model threw.
    const error = this.model.error ? this.model.error.thrown : thrown;
    const site = lastErrorOf(error) === error ? 'run' : 'llm.call';
    const known = describeModelError(lastErrorOf(error));
    this.#end(undefined, { ...known, site, error, ...inputOf(this.#start, this.#start.input) });
  }

  /** A stream was aborted, by the caller or by a timeout. */
  aborted(reason: unknown): void {
    if (isTimeout(reason)) this.failed(reason);
    else this.#end('cancelled');
  }

  #refused(part: Part, call: Part | undefined): void {
    const { toolCallId = '', toolName = '' } = part;
    if (this.#toolAttempts.has(toolCallId)) return;
    const refused = { toolCallId, toolName, input: part.input };
    const error = call?.error ?? part.error;
    if (this.#tools.some(({ name, id }) => (name ?? id) === toolName)) {
      this.toolStarted(refused);
      this.toolEnded(refused, { error });
      return;
    }
    // What is no node of the graph fails as an operation of the run.
    const run = this.#begin();
    const details = this.#detailsOfTool(refused, error);
    const failed = { kind: 'execute_tool', target: toolName, error, details } as const;
    const place = { run, identity: this.#identity!, tracer: this.#tracer };
    reportOperation(place, { ...failed, disposition: 'routed' });
  }

  #begin(call?: ModelCall): GraphRun {
    if (this.place.run) return this.place.run;
    this.#tools = call?.tools ?? [];
    const { functionId, sessionId } = this.#start;
    const agentId = agentIdOf(this.#options.agentId, functionId, 'ai-sdk');
    const graphId = functionId ?? agentId;
    const snapshot = aiSdkSnapshot(graphId, this.#start, this.#tools, this.#options.graph);
    this.#identity = { agentId, agentName: functionId, graphId, sessionId, snapshot };
    this.place.run = new GraphRun(this.#identity, {
      tracer: this.#tracer,
      redactor: this.#options.redact,
      parent: this.#parent,
    });
    return this.place.run;
  }

  #end(
    outcome: Parameters<GraphRun['end']>[0],
    failure?: Parameters<GraphRun['end']>[1],
    output?: unknown,
  ): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#leaving);
    streams.delete(this);
    this.#forget();
    // The run stops what is still open.
    if (outcome !== 'cancelled') this.#decide();
    const run = this.#begin();
    if (failure || outcome === 'cancelled') run.end(outcome, failure);
    else run.finish(output, outcome);
  }

  #wait(change: 1 | -1): void {
    this.#busy += change;
    if (this.#ended) return;
    streams.add(this);
    this.#leaving ??= setTimeout(() => this.left(), LEFT_AFTER_MS).unref();
    this.#leaving.refresh();
  }

  /** Nobody reads on, unless someone waits for a part or a tool runs. */
  left(): void {
    if (this.#busy > 0) this.#leaving?.refresh();
    else this.#end(this.model.isOver ? undefined : 'cancelled');
  }

  #decide(): void {
    for (const fail of this.#doubtful.splice(0)) fail();
  }

  #isCancel(error: unknown): boolean {
    const { signal } = this.#start;
    if (isTimeout(error)) return false;
    if (!signal) return isAborted(error);
    return (
      signal.aborted && !isTimeout(signal.reason) && (error === signal.reason || isAborted(error))
    );
  }

  #detailsOfTool(call: ToolCall, error: unknown): FailureDetails {
    return {
      site: 'tool.call',
      class: toolClassOf(error),
      ...inputOf(this.#start, call.input),
      evidence: { tool_call_id: call.toolCallId },
    };
  }
}
