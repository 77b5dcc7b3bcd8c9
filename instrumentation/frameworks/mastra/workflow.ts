// Records one execution of a workflow: it is a run; a nested workflow adds its steps to the run around it,
// as `outer:inner`.
import type { Tracer } from '@opentelemetry/api';
import { guarded } from '../../core/guard.ts';
import { GraphRun } from '../../core/run.ts';
import type { Redactor } from '../../redaction/index.ts';
import { agentIdOf } from '../shared/identity.ts';
import { UnsettledFailures } from '../shared/unsettled.ts';
import type { ExecuteParams, Result } from './internal-types.ts';
import { type Place, places } from './place.ts';
import { workflowSnapshot } from './snapshot.ts';

/** How a run's spans are made. */
export interface WorkflowMeans {
  readonly tracer: Tracer;
  readonly redactor: Redactor | undefined;
  readonly agentId: string | undefined;
}

/** Records `work`, which is the engine's original `execute`; returns and throws what it does. */
export async function recordWorkflow(
  params: ExecuteParams,
  means: () => WorkflowMeans,
  work: () => Promise<Result>,
): Promise<Result> {
  const outer = places.getStore();
  const place = guarded(() => (outer?.attempt ? nested(outer) : open(params, means())), undefined);
  if (!place) return await work();
  let result: Result;
  try {
    result = await places.run(place, work);
  } catch (error) {
    guarded(() => threw(place, outer, error), undefined);
    throw error;
  }
  guarded(() => ended(place, outer, result), undefined);
  return result;
}

function open(params: ExecuteParams, { tracer, redactor, agentId }: WorkflowMeans): Place {
  const { workflowId, runId, resourceId } = params;
  const identity = {
    agentId: agentIdOf(agentId, workflowId, workflowId),
    agentName: workflowId,
    graphId: workflowId,
    snapshot: workflowSnapshot(params, redactor),
    sessionId: resourceId,
    runId,
  };
  const run = new GraphRun(identity, { tracer, redactor });
  return { run, identity, tracer, unsettled: new UnsettledFailures(), seen: {} };
}

function nested({ run, identity, tracer, unsettled, attempt }: Place): Place {
  return { run, identity, tracer, unsettled, seen: {}, around: attempt, attempt };
}

function ended(place: Place, outer: Place | undefined, given: Result | undefined): void {
  const { status, result, error } = given ?? {};
  const { run, unsettled, seen } = place;
  const failed = status === 'failed' || status === 'tripwire';
  if (place.around) {
    // The step around it fails with a copy of the error: it names the one that was reported.
    if (failed && outer) outer.seen.error = seen.error;
    return;
  }
  unsettled.settleAll(failed ? 'terminal' : 'recovered');
  if (failed) run.end('failure', { error: seen.error ?? error });
  else if (status === 'canceled') run.end('cancelled');
  else if (status === 'success') run.finish(result);
  else run.end('paused');
}

function threw(place: Place, outer: Place | undefined, error: unknown): void {
  if (place.around) {
    if (outer) outer.seen.error = error;
    return;
  }
  place.unsettled.settleAll('terminal');
  place.run.end('failure', { error });
}
