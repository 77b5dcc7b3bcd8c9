// Records one execution of a graph: `Pregel._runLoop` of a root graph is a run; that of a subgraph
// adds its nodes to the run around it, as `parent:child`, the way LangGraph's own xray drawing does.
import type { Tracer } from '@opentelemetry/api';
import { readProperty } from '../../core/exception.ts';
import { guarded } from '../../core/guard.ts';
import { GraphRun } from '../../core/run.ts';
import type { Redactor } from '../../redaction/index.ts';
import { isTimeLimit, timeLimitOf } from '../shared/abort.ts';
import { agentIdOf } from '../shared/identity.ts';
import { UnsettledFailures } from '../shared/unsettled.ts';
import { isBubbleUp, isMarkRefused, isOutOfSteps } from './errors.ts';
import type { AbortSignals, Compiled, Loop, RunLoopParams } from './internal-types.ts';
import { isStoppedByLimit } from './messages.ts';
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
  const identity = {
    agentId: agentIdOf(means.agentId, isNamed(compiled) ? graphId : undefined, graphId),
    agentName: isNamed(compiled) ? graphId : undefined,
    graphId,
    snapshot: langGraphSnapshot(compiled),
    sessionId: text(loop.config?.configurable?.thread_id),
    runId: text(loop.config?.configurable?.run_id) ?? text(loop.manager?.runId),
  };
  const { tracer, redactor } = means;
  return {
    run: new GraphRun(identity, { tracer, redactor }),
    identity,
    tracer,
    unsettled: new UnsettledFailures(),
    seen: { paused: false, messages: new Set(), inputs: new WeakMap() },
  };
}

function endWell(place: Place, loop: Loop): void {
  place.unsettled.settleAll('recovered');
  const waiting = place.seen.paused || loop.status?.startsWith('interrupt');
  const cut = guarded(() => isStoppedByLimit(loop.output), false);
  place.run.finish(loop.output, waiting ? 'paused' : cut ? 'truncated' : undefined);
}

function endFailed(place: Place, { loop, config }: RunLoopParams, thrown: unknown): void {
  place.unsettled.settleAll('terminal');
  const { run } = place;
  // LangGraph puts its mark on what a node throws, and fails where that takes none: a text, a frozen error.
  const error = isMarkRefused(thrown) ? place.seen.lastError : thrown;
  const signal = loop.config?.signal ?? config?.signal;
  const limit = struckLimit(loop, signal, error);
  if (isBubbleUp(error)) run.end('paused');
  else if (isOutOfSteps(error)) run.end('truncated', { error, class: 'graph.step_budget' });
  else if (limit !== undefined) endAtLimit(place, limit);
  // The caller's signal, or a stream that its reader left, aborts the loop with an error of its own.
  else if (signal?.aborted && !run.reportedBy(error)) run.end('cancelled');
  else run.end('failure', { error });
}

/** The time limit that ended a loop, if one did: of a step, of the call, or of the caller's signal. */
function struckLimit(loop: Loop, signal: AbortSignal | undefined, error: unknown): unknown {
  const signals = loop.config?.configurable?.__pregel_abort_signals as AbortSignals | undefined;
  const { timeoutAbortSignal, externalAbortSignal } = signals ?? {};
  const limit = timeLimitOf(timeoutAbortSignal, externalAbortSignal, signal);
  const wasAborted = isTimeLimit(error) || /^abort/i.test(String(readProperty(error, 'message')));
  return wasAborted ? limit : undefined;
}

/** The node that ran into the limit failed; if several ran at the time, none of them did more than the others. */
function endAtLimit({ run, seen }: Place, limit: unknown): void {
  const details = { class: 'budget.time' } as const;
  const running = run.running();
  if (!run.reportedBy(limit) || running.length === 1) {
    // From the innermost outwards: the nodes around it failed because it did.
    for (let [only, other] = running; only && !other; [only, other] = run.running()) {
      only.fail(limit, { ...details, input: seen.inputs.get(only) }, 'terminal');
    }
  }
  const evidence = running.length > 1 && { running: running.map(({ nodeId }) => nodeId) };
  run.end('failure', { error: limit, ...details, ...(evidence && { evidence }) });
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
