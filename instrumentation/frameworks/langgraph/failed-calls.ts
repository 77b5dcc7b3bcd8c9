// Calls of tools and models that failed inside a node: failed operations of its attempt if the node went
// on, else what it failed by.
//
// A tool's node answers the model with a message instead of an error, so the message says that a call
// failed, and the tool itself, where a hook sees it, with which error. A model that was tried again, or that
// another took the place of, leaves no message at all.
import type { FailureDetails, NodeAttempt } from '../../core/attempt.ts';
import { errorTypeOf, readProperty } from '../../core/exception.ts';
import type { FailureClass, FailureDisposition } from '../../semconv/attributes.ts';
import { isAbortLike } from '../shared/abort.ts';
import { type FailedOperation, reportOperation } from '../shared/operation.ts';
import { settle } from '../shared/undecided.ts';
import { isBubbleUp } from './errors.ts';
import { type HandledCall, handledCalls } from './messages.ts';
import type { Place, StartedCall, ThrownByCall } from './place.ts';

/** What handlers put around a tool's message for the model. */
const FRAMING = /^(?:(?:Tool)?Error: )|\s*Please fix your mistakes\.\s*$/g;
const UNKNOWN_TOOL = /^(?:Error: )?(?:Tool "[^"]*" not found|\S+ is not a valid tool\b)/;
const MISFIT = /did not match expected schema|with kwargs .* with error/s;

/** How the node of an attempt ended. */
interface Ended {
  readonly place: Place;
  readonly attempt: NodeAttempt;
  readonly input: unknown;
  readonly signal: AbortSignal | undefined;
}

/** What the tools and models of one attempt threw, until the attempt ends. */
export class FailedCalls {
  #thrown: ThrownByCall[] = [];
  readonly #triedAgain = new Set<ThrownByCall>();

  add(thrown: ThrownByCall): void {
    const isKnown = this.#thrown.some(({ error }) => error === thrown.error);
    if (!isKnown && !isBubbleUp(thrown.error)) this.#thrown.push(thrown);
  }

  /** A call starts: one that is the same and failed is tried again by it. */
  starts(call: StartedCall): void {
    for (const thrown of this.#thrown) if (isSameCall(thrown, call)) this.#triedAgain.add(thrown);
  }

  /**
   * Reports the calls that failed: `retried` where they were tried again, `routed` where the model gets to
   * know, `degraded` where it answered nothing and the graph took that, else `recovered`.
   *
   * @param wasAsked a person was asked in the node: an error without a call that threw is what they said
   */
  nodeReturned(ended: Ended, output: unknown, wasAsked: boolean): void {
    this.#dropAborted(ended);
    const { place, input } = ended;
    for (const call of handledCalls(input, output)) {
      if (place.seen.messages.has(call.key)) continue;
      place.seen.messages.add(call.key);
      const thrown = this.#take(call);
      if (!thrown && wasAsked && call.isOfError) continue;
      const within = thrown && place.run.reportedBy(thrown.error);
      if (within) settle(within, 'routed');
      else {
        const disposition = call.kind === 'chat' ? call.disposition : 'routed';
        report(ended, thrown ? ofThrown(thrown) : ofMessage(call), disposition);
      }
    }
    this.#reportRest(ended, 'recovered');
  }

  /**
   * Reports what the node survived before it failed with something else.
   *
   * @returns what is known of the call that the node failed by, if it did
   */
  nodeThrew(ended: Ended, error: unknown): FailureDetails | undefined {
    this.#dropAborted(ended);
    const under = causesOf(error);
    const by = this.#thrown.findLast((thrown) => under.has(thrown.error));
    this.#thrown = this.#thrown.filter((thrown) => !under.has(thrown.error));
    this.#reportRest(ended, undefined);
    return by && ofThrown(by).details;
  }

  /** What fails because nobody wants the node's work any more is no failure. */
  #dropAborted({ signal }: Ended): void {
    if (!signal?.aborted) return;
    this.#thrown = this.#thrown.filter(({ error }) => !isAbortLike(error, signal));
  }

  #reportRest(ended: Ended, disposition: FailureDisposition | undefined): void {
    for (const thrown of this.#thrown.splice(0)) {
      if (ended.place.run.reportedBy(thrown.error)) continue;
      report(ended, ofThrown(thrown), this.#triedAgain.has(thrown) ? 'retried' : disposition);
    }
  }

  /** The last try of the call that a message stands for. */
  #take({ key, kind, target, isOfError }: HandledCall): ThrownByCall | undefined {
    if (!isOfError) return undefined;
    const last = (is: (thrown: ThrownByCall) => boolean) =>
      this.#thrown.findLastIndex((thrown) => thrown.kind === kind && is(thrown));
    const byId = last(({ callId }) => callId !== undefined && callId === key);
    const isIt = (thrown: ThrownByCall) =>
      kind === 'chat' || (thrown.callId === undefined && thrown.target === target);
    const found = byId >= 0 ? byId : last(isIt);
    return found < 0 ? undefined : this.#thrown.splice(found, 1)[0];
  }
}

/** Of a tool the same call of the model, of a model the same question. */
function isSameCall({ kind, callId, input }: StartedCall, next: StartedCall): boolean {
  if (kind !== next.kind) return false;
  if (kind === 'execute_tool') return callId !== undefined && callId === next.callId;
  if (!Array.isArray(input) || !Array.isArray(next.input)) return input === next.input;
  const { input: other } = next;
  return input.length === other.length && input.every((part, i) => part === other[i]);
}

type Operation = Omit<FailedOperation, 'disposition'>;

function report(
  { place, attempt, input }: Ended,
  operation: Operation,
  disposition: FailureDisposition | undefined,
): void {
  const { run, identity, tracer } = place;
  const details = operation.kind === 'chat' ? { input, ...operation.details } : operation.details;
  reportOperation({ run, identity, tracer, attempt }, { ...operation, details, disposition });
}

function ofThrown({ kind, target, error, input, startTime }: ThrownByCall): Operation {
  if (kind === 'chat') return { kind, target, error, details: modelDetails(target), startTime };
  const message = String(readProperty(error, 'message') ?? '');
  const details = toolDetails(target, toolClassOf(errorTypeOf(error), message));
  return { kind, target, error, details: { ...details, input }, startTime };
}

function ofMessage(call: HandledCall): Operation {
  const { kind, target, text } = call;
  if (kind === 'chat') {
    const { errorType: name, class: known } = call;
    return {
      kind,
      target,
      error: { name, message: text },
      details: { ...modelDetails(target), class: known },
    };
  }
  const known = 'input' in call ? 'tool.invalid_arguments' : toolClassOf('', text);
  return {
    kind,
    target,
    error: { name: 'ToolError', message: text.replace(FRAMING, '') },
    details: { ...toolDetails(target, known), ...('input' in call && { input: call.input }) },
  };
}

function modelDetails(target: string): FailureDetails {
  return { site: 'llm.call', evidence: { operation: 'chat', ...(target && { target }) } };
}

function toolDetails(target: string, known: FailureClass | undefined): FailureDetails {
  return {
    site: 'tool.call',
    class: known,
    evidence: { operation: 'execute_tool', target },
  };
}

function toolClassOf(name: string, message: string): FailureClass | undefined {
  if (name === 'TimeoutError') return 'tool.timeout';
  if (name === 'ToolInputParsingException' || MISFIT.test(message)) return 'tool.invalid_arguments';
  return UNKNOWN_TOOL.test(message) ? 'tool.not_found' : undefined;
}

/** An error and the chain of its causes. */
function causesOf(error: unknown): Set<unknown> {
  const under = new Set<unknown>([error]);
  for (const one of under) {
    const cause = readProperty(one, 'cause');
    if (cause !== undefined && cause !== null) under.add(cause);
    const inner = readProperty(one, 'toolError');
    if (inner !== undefined && inner !== null) under.add(inner);
  }
  return under;
}
