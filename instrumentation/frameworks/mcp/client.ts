// The side of the client: a call of a tool is a run of the client, unless it is part of a node of another framework,
// whose failed operation it is then.
import type { NodeAttempt } from '../../core/attempt.ts';
import { readProperty } from '../../core/exception.ts';
import { guarded } from '../../core/guard.ts';
import { observeRuns } from '../../core/observer.ts';
import type { GraphRun } from '../../core/run.ts';
import { snapshotOf } from '../../core/snapshot.ts';
import { running } from '../../delivery/crash/running.ts';
import { isAbortLike, isTimeLimit } from '../shared/abort.ts';
import type { RunMeans } from '../shared/framework.ts';
import {
  dropCalls,
  type FailedOperation,
  holdCall,
  reportOperation,
  takeCalls,
} from '../shared/operation.ts';
import {
  callFailed,
  callReturned,
  callStopped,
  describeCall,
  errorOf,
  openCall,
  type Place,
  places,
  textOf,
  toolOf,
} from './call.ts';
import { thrownAs } from './server.ts';

export type CallTool = (this: object, params: unknown, ...rest: unknown[]) => Promise<unknown>;

export function recordedCallTool(original: CallTool, means: () => RunMeans | undefined): CallTool {
  return async function (this: object, params, ...rest) {
    const work = () => Reflect.apply(original, this, [params, ...rest]);
    const signal = signalOf(rest);
    const around = guarded(running, undefined);
    if (around) return await inside(around.attempt, params, signal, work);
    const place = guarded(() => {
      const known = means();
      return known && open(this, params, known);
    }, undefined);
    return place ? await record(place, signal, work) : await work();
  };
}

async function record(
  place: Place,
  signal: AbortSignal | undefined,
  work: () => Promise<unknown>,
): Promise<unknown> {
  let result: unknown;
  try {
    result = await places.run(place, work);
  } catch (error) {
    guarded(() => {
      if (isCancel(error, signal)) callStopped(place, 'cancelled');
      else callFailed(place, error, 'terminal');
    }, undefined);
    throw error;
  }
  guarded(() => {
    const error = errorOf(result);
    if (error) callFailed(place, thrownAs(place, error) ?? error, 'routed');
    else callReturned(place, result);
  }, undefined);
  return result;
}

/** A call inside a node: it is reported when the node has ended, unless that or its framework reports it. */
async function inside(
  attempt: object | undefined,
  params: unknown,
  signal: AbortSignal | undefined,
  work: () => Promise<unknown>,
): Promise<unknown> {
  const startTime = Date.now();
  const failed = (error: unknown, disposition: FailedOperation['disposition']) =>
    guarded(() => {
      if (!attempt) return;
      const target = toolOf(params);
      const details = {
        ...describeCall(target, error),
        input: readProperty(params, 'arguments'),
      };
      holdCall(attempt, { kind: 'execute_tool', target, error, details, disposition, startTime });
    }, undefined);
  let result: unknown;
  try {
    result = await work();
  } catch (error) {
    if (!isCancel(error, signal)) failed(error, 'recovered');
    throw error;
  }
  const error = guarded(() => errorOf(result), undefined);
  if (error) failed(error, 'routed');
  return result;
}

observeRuns((run) => ({
  attemptEnded(attempt: NodeAttempt, failure) {
    if (failure) dropCalls(attempt, failure.error);
    for (const call of takeCalls(attempt)) {
      reportOperation((run as GraphRun).placeOf(attempt), call);
    }
  },
}));

function isCancel(error: unknown, signal: AbortSignal | undefined): boolean {
  return (
    signal?.aborted === true &&
    !isTimeLimit(signal.reason) &&
    (isAbortLike(error, signal) ||
      String(readProperty(error, 'message')).includes(String(signal.reason)))
  );
}

/** The options come after the schema of the result, which version 2 has no longer. */
function signalOf(rest: readonly unknown[]): AbortSignal | undefined {
  const found = rest.map((one) => readProperty(one, 'signal')).find((one) => one !== undefined);
  return found instanceof AbortSignal ? found : undefined;
}

function open(client: object, params: unknown, means: RunMeans): Place {
  const info = readProperty(client, '_clientInfo');
  const name = textOf(readProperty(info, 'name')) ?? 'mcp-client';
  const server = readProperty(client, '_serverVersion');
  const servedBy = textOf(readProperty(server, 'name'));
  const node = { id: servedBy, type: 'mcp_server', version: readProperty(server, 'version') };
  const snapshot = snapshotOf({
    id: name,
    version: readProperty(info, 'version'),
    nodes: servedBy === undefined ? [] : [node],
  });
  const transport = readProperty(client, '_transport') ?? readProperty(client, 'transport');
  return openCall(
    { name, snapshot, sessionId: readProperty(transport, 'sessionId'), params },
    means,
  );
}
