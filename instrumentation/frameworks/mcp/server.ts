// The side of the server: a call of a tool that it answers is a run of the server, with the tool as its node.
import { withActiveSpan } from '../../core/app-sdk.ts';
import { readProperty } from '../../core/exception.ts';
import { guarded } from '../../core/guard.ts';
import { redactorOf } from '../../core/redactor.ts';
import { type Snapshot, snapshotOf } from '../../core/snapshot.ts';
import { running } from '../../delivery/crash/running.ts';
import { toPlain } from '../../redaction/plain.ts';
import { codeOf } from '../shared/code.ts';
import type { RunMeans } from '../shared/framework.ts';
import {
  callFailed,
  callReturned,
  callStopped,
  errorOf,
  openCall,
  type Place,
  places,
  textOf,
} from './call.ts';

export type RequestHandler = (request: unknown, context: unknown, ...rest: unknown[]) => unknown;

/** `McpServer` by the `Server` that it is made of. */
const builders = new WeakMap<object, object>();
const snapshots = new WeakMap<object, { readonly tools: string; readonly snapshot: Snapshot }>();

/** @returns the class of the server that an `McpServer` is made of */
export function rememberTools(builder: object): unknown {
  const server = readProperty(builder, 'server');
  if (typeof server !== 'object' || server === null) return undefined;
  builders.set(server, builder);
  return server.constructor;
}

/** The tool that is called now threw; `McpServer` answers with its message only. */
export function noteThrown(error: unknown): void {
  const place = places.getStore();
  if (place) place.thrown.error = error;
}

/** The handler of a request; calls of tools are recorded. */
export function recordedHandler(
  server: object,
  handler: RequestHandler,
  means: () => RunMeans | undefined,
): RequestHandler {
  return (request, context, ...rest) => {
    const work = () => handler(request, context, ...rest);
    // A client in the same process reports the call: what is called here runs inside of that.
    if (readProperty(request, 'method') !== 'tools/call' || guarded(running, undefined)) {
      return work();
    }
    const place = guarded(() => {
      const known = means();
      return known && open(server, request, context, known);
    }, undefined);
    return place ? record(place, signalOf(context), work) : work();
  };
}

async function record(
  place: Place,
  signal: AbortSignal | undefined,
  work: () => unknown,
): Promise<unknown> {
  let result: unknown;
  try {
    result = await places.run(place, () =>
      place.attempt ? withActiveSpan(place.attempt.span, work) : work(),
    );
  } catch (error) {
    guarded(() => {
      if (signal?.aborted) callStopped(place, 'cancelled');
      else callFailed(place, error, 'routed');
    }, undefined);
    throw error;
  }
  guarded(() => answered(place, signal, result), undefined);
  return result;
}

function answered(place: Place, signal: AbortSignal | undefined, result: unknown): void {
  const error = errorOf(result);
  if (signal?.aborted) callStopped(place, 'cancelled');
  else if (readProperty(result, 'resultType') === 'input_required') callStopped(place, 'paused');
  else if (error) callFailed(place, thrownAs(place, error) ?? error, 'routed');
  else callReturned(place, result);
}

/** The error itself, where an answer is made of it. */
export function thrownAs({ thrown }: Place, { message }: { message: string }): unknown {
  const said = readProperty(thrown.error, 'message') ?? thrown.error;
  return said !== undefined && String(said).trim() === message ? thrown.error : undefined;
}

function open(server: object, request: unknown, context: unknown, means: RunMeans): Place {
  const info = readProperty(server, '_serverInfo');
  return openCall(
    {
      name: textOf(readProperty(info, 'name')) ?? 'mcp-server',
      snapshot: snapshotOfServer(server, info, means),
      sessionId: readProperty(context, 'sessionId'),
      params: readProperty(request, 'params'),
    },
    means,
  );
}

/** Version 2 has it among what belongs to the request. */
function signalOf(context: unknown): AbortSignal | undefined {
  const found =
    readProperty(context, 'signal') ?? readProperty(readProperty(context, 'mcpReq'), 'signal');
  return found instanceof AbortSignal ? found : undefined;
}

/** `{id, version, nodes:[{id, type:'tool', description, code}]}`, where `code` is a hash of the tool's function. */
function snapshotOfServer(server: object, info: unknown, { redactor }: RunMeans): Snapshot {
  const id = readProperty(info, 'name');
  const registered = readProperty(builders.get(server), '_registeredTools') ?? {};
  const nodes = Object.entries(registered as Record<string, unknown>).map(([name, tool]) => ({
    id: name,
    type: 'tool',
    description: readProperty(tool, 'description'),
    annotations: readProperty(tool, 'annotations'),
    code: codeOf(readProperty(tool, 'handler') ?? readProperty(tool, 'callback')),
  }));
  const body = toPlain({ id, version: readProperty(info, 'version'), nodes });
  const tools = JSON.stringify(body);
  const before = snapshots.get(server);
  if (before?.tools === tools) return before.snapshot;
  const redacted = guarded(() => redactorOf(redactor)(body, ['graph']).value, { nodes: [] });
  const snapshot = snapshotOf(redacted);
  snapshots.set(server, { tools, snapshot });
  return snapshot;
}
