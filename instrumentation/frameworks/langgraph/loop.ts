// Records one execution of a graph: `Pregel._runLoop` of a root graph is a run; that of a subgraph
// adds its nodes to the run around it, as `parent:child`, the way LangGraph's own xray drawing does.
import type { Tracer } from '@opentelemetry/api';
import { guarded } from '../../core/guard.ts';
import { GraphRun } from '../../core/run.ts';
import type { Redactor } from '../../redaction/index.ts';
import { agentIdOf } from '../shared/identity.ts';
import { UnsettledFailures } from '../shared/unsettled.ts';
import { isBubbleUp, isOutOfSteps } from './errors.ts';
import type { Compiled, Loop, RunLoopParams } from './internal-types.ts';
import { type Place, places } from './place.ts';
import { graphIdOf, isNamed, langGraphSnapshot } from './snapshot.ts';
import { TaskRecorder } from './tasks.ts';

/** How a run's spans are made. */
export interface LoopMeans {
  readonly tracer: Tracer;
  readonly redactor: Redactor | undefined;
  readonly agentId: string | undefined;
}

/** Records `work`, which is the original `_runLoop`; returns and throws what it does. */
export async function recordLoop(
  compiled: Compiled,
  params: RunLoopParams,
  means: LoopMeans,
  work: () => Promise<void>,
): Promise<void> {
  const around = params.loop?.isNested ? places.getStore() : undefined;
  const place = around ?? guarded(() => openRun(compiled, params, means), undefined);
  if (!place) return await work();
  guarded(() => new TaskRecorder(compiled, params, place), undefined);
  try {
    await places.run(place, work);
  } catch (error) {
    if (!around) guarded(() => endFailed(place, params, error), undefined);
    throw error;
  }
  if (!around) guarded(() => endWell(place, params.loop), undefined);
}

function openRun(compiled: Compiled, { loop }: RunLoopParams, means: LoopMeans): Place {
  const graphId = graphIdOf(compiled);
  const run = new GraphRun(
    {
      agentId: agentIdOf(means.agentId, isNamed(compiled) ? graphId : undefined, graphId),
      agentName: isNamed(compiled) ? graphId : undefined,
      graphId,
      snapshot: langGraphSnapshot(compiled),
      sessionId: text(loop.config?.configurable?.thread_id),
      runId: text(loop.config?.configurable?.run_id) ?? text(loop.manager?.runId),
    },
    { tracer: means.tracer, redactor: means.redactor },
  );
  return { run, unsettled: new UnsettledFailures(), seen: { paused: false } };
}

function endWell(place: Place, loop: Loop): void {
  place.unsettled.settleAll('recovered');
  const waiting = place.seen.paused || loop.status?.startsWith('interrupt');
  place.run.finish(loop.output, waiting ? 'paused' : undefined);
}

function endFailed(place: Place, { loop, config }: RunLoopParams, error: unknown): void {
  place.unsettled.settleAll('terminal');
  const { run } = place;
  const signal = loop.config?.signal ?? config?.signal;
  if (isBubbleUp(error)) run.end('paused');
  else if (isOutOfSteps(error)) run.end('truncated', { error, class: 'graph.step_budget' });
  // The caller's signal, or a stream that its reader left, aborts the loop with an error of its own.
  else if (signal?.aborted && !run.toldBy(error)) run.end('cancelled');
  else run.end('failure', { error });
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
