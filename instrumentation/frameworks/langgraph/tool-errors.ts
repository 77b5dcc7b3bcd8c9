// Calls of tools and models that failed inside a node that went on: failed operations of its attempt.
//
// A tool's node answers the model with a message instead of an error, so the message says that a call
// failed, and the tool itself, where a hook sees it, with which error.
import type { FailureDetails, NodeAttempt } from '../../core/attempt.ts';
import { errorTypeOf, readProperty } from '../../core/exception.ts';
import type { FailureClass, FailureDisposition } from '../../semconv/attributes.ts';
import { type FailedOperation, reportOperation } from '../shared/operation.ts';
import { isBubbleUp } from './errors.ts';
import { type HandledCall, handledCalls } from './messages.ts';
import type { Place, ThrownByTool } from './place.ts';

/** What handlers put around a tool's message for the model. */
const FRAMING = /^(?:(?:Tool)?Error: )|\s*Please fix your mistakes\.\s*$/g;
const UNKNOWN_TOOL = /^(?:Error: )?(?:Tool "[^"]*" not found|\S+ is not a valid tool\b)/;
const MISFIT = /did not match expected schema|with kwargs .* with error/s;

/** What the tools of one attempt threw, until the attempt ends. */
export class ToolErrors {
  #thrown: ThrownByTool[] = [];

  add(thrown: ThrownByTool): void {
    if (!isBubbleUp(thrown.error)) this.#thrown.push(thrown);
  }

  /**
   * Reports the calls that failed: `routed` where the model gets to know, `degraded` where it answered
   * nothing and the graph took that, else `recovered`.
   */
  nodeReturned(place: Place, attempt: NodeAttempt, input: unknown, output: unknown): void {
    for (const call of handledCalls(input, output)) {
      if (place.seen.messages.has(call.key)) continue;
      place.seen.messages.add(call.key);
      const thrown = this.#take(call);
      if (thrown && place.run.reportedBy(thrown.error)) continue;
      const disposition = call.kind === 'chat' ? 'degraded' : 'routed';
      report(place, attempt, thrown ? ofTool(thrown) : ofMessage(call), disposition);
    }
    this.#reportRest(place, attempt, 'recovered');
  }

  /** Reports what the node survived before it failed with something else. */
  nodeThrew(place: Place, attempt: NodeAttempt, error: unknown): void {
    const under = causesOf(error);
    this.#thrown = this.#thrown.filter((thrown) => !under.has(thrown.error));
    this.#reportRest(place, attempt, undefined);
  }

  #reportRest(
    place: Place,
    attempt: NodeAttempt,
    disposition: FailureDisposition | undefined,
  ): void {
    for (const thrown of this.#thrown.splice(0)) {
      if (!place.run.reportedBy(thrown.error)) report(place, attempt, ofTool(thrown), disposition);
    }
  }

  #take({ key, target }: HandledCall): ThrownByTool | undefined {
    const byId = this.#thrown.findIndex(({ callId }) => callId !== undefined && callId === key);
    const found =
      byId >= 0
        ? byId
        : this.#thrown.findIndex(({ callId, tool }) => callId === undefined && tool === target);
    return found < 0 ? undefined : this.#thrown.splice(found, 1)[0];
  }
}

type Operation = Omit<FailedOperation, 'disposition'>;

function report(
  place: Place,
  attempt: NodeAttempt,
  operation: Operation,
  disposition: FailureDisposition | undefined,
): void {
  const { run, identity, tracer } = place;
  reportOperation({ run, identity, tracer, attempt }, { ...operation, disposition });
}

function ofTool({ tool, error, input, startTime }: ThrownByTool): Operation {
  const message = String(readProperty(error, 'message') ?? '');
  const details = toolDetails(tool, toolClassOf(errorTypeOf(error), message));
  return { kind: 'execute_tool', target: tool, error, details: { ...details, input }, startTime };
}

function ofMessage(call: HandledCall): Operation {
  const { kind, target, text } = call;
  if (kind === 'chat') {
    return {
      kind,
      target,
      error: { name: 'EmptyResponseError', message: text },
      details: {
        site: 'llm.call',
        class: 'llm.empty_response',
        evidence: { operation: kind, ...(target && { target }) },
      },
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
