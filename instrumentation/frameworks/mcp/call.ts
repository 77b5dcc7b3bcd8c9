// One call of a tool, on either side, as a run of its own: one node, the tool.
import type { FailureDetails } from '../../core/attempt.ts';
import { readProperty } from '../../core/exception.ts';
import { GraphRun, type RunIdentity } from '../../core/run.ts';
import type { Snapshot } from '../../core/snapshot.ts';
import { placeStore } from '../../delivery/crash/running.ts';
import type { FailureClass, FailureDisposition } from '../../semconv/attributes.ts';
import type { RunMeans } from '../shared/framework.ts';
import { agentIdOf } from '../shared/identity.ts';
import type { OperationPlace } from '../shared/operation.ts';

export interface Place extends OperationPlace {
  /** What the tool threw, on the side of the server. */
  readonly thrown: { error?: unknown };
  readonly input: unknown;
  readonly tool: string;
}

export const places = placeStore<Place>(({ run, attempt }) => ({ run, attempt }));

/** What is known of a call when it starts. */
export interface CallStart {
  /** The name of the server or the client, which is the agent if nothing else is. */
  readonly name: string;
  readonly snapshot: Snapshot;
  readonly sessionId: unknown;
  /** `{ name, arguments }` of the request. */
  readonly params: unknown;
}

/** Opens the run of a call and the attempt of its tool. */
export function openCall({ name, snapshot, sessionId, params }: CallStart, means: RunMeans): Place {
  const identity: RunIdentity = {
    agentId: agentIdOf(means.agentId, name, name),
    agentName: name,
    graphId: name,
    snapshot,
    sessionId: textOf(sessionId),
  };
  const { tracer, redactor } = means;
  const run = new GraphRun(identity, { tracer, redactor });
  const tool = toolOf(params);
  const attempt = run.attempt({ nodeId: tool, type: 'tool' });
  const input = readProperty(params, 'arguments');
  return { run, identity, tracer, attempt, input, tool, thrown: {} };
}

/** The call failed: an answer that says so is `routed`, the model gets to know. */
export function callFailed(place: Place, error: unknown, disposition: FailureDisposition): void {
  const { attempt, run } = place;
  attempt?.report(error, { ...describeCall(place.tool, error), input: place.input });
  attempt?.settle(disposition);
  run.end('failure', { error });
}

/** The call was cancelled, or waits for a person. */
export function callStopped({ attempt, run }: Place, outcome: 'cancelled' | 'paused'): void {
  attempt?.stop();
  run.end(outcome);
}

export function callReturned({ attempt, run, input }: Place, output: unknown): void {
  if (attempt) run.returned(attempt, { input, output });
  run.finish(output);
}

/** An answer with `isError`, as an error; `undefined` for any other. */
export function errorOf(result: unknown): { name: string; message: string } | undefined {
  if (readProperty(result, 'isError') !== true) return undefined;
  const content = readProperty(result, 'content');
  const texts = (Array.isArray(content) ? content : [])
    .map((part) => readProperty(part, 'text'))
    .filter((text): text is string => typeof text === 'string');
  const message = texts.join('\n').trim();
  return { name: 'ToolError', message: message || 'the tool answered with isError and no text' };
}

/** Site and class of what a call of a tool failed with. */
export function describeCall(tool: string, error: unknown): FailureDetails {
  return {
    site: 'tool.call',
    class: classOf(error),
    evidence: { operation: 'execute_tool', target: tool },
  };
}

const NOT_FOUND = /\bTool \S+ (?:not found|disabled)\b|\bUnknown tool\b|Method not found/i;
const BAD_ARGUMENTS = /Input validation error|Invalid arguments for tool/i;
const BAD_OUTPUT =
  /Output validation error|has an output schema but|not match the tool's output schema/i;

/** JSON-RPC's codes, those of version 1's client and of version 2's. */
function classOf(error: unknown): FailureClass | undefined {
  const code = readProperty(error, 'code');
  const message = String(readProperty(error, 'message') ?? '');
  if (code === -32001 || code === 'REQUEST_TIMEOUT') return 'tool.timeout';
  if (code === -32000 || code === 'CONNECTION_CLOSED' || code === 'NOT_CONNECTED') {
    return 'network.error';
  }
  if (message === 'Not connected') return 'network.error';
  if (NOT_FOUND.test(message) || code === -32601) return 'tool.not_found';
  if (BAD_ARGUMENTS.test(message)) return 'tool.invalid_arguments';
  if (BAD_OUTPUT.test(message)) return 'output.invalid';
  return code === -32602 ? 'tool.invalid_arguments' : undefined;
}

export function toolOf(params: unknown): string {
  return textOf(readProperty(params, 'name')) ?? 'tool';
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
