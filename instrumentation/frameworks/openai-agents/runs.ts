// Records one `Runner.run`: it is a run, or part of the run around it; what happens in it is reported by the
// runner's own events (hooks) and by the SDK's tracing (processor.ts).
import type { Tracer } from '@opentelemetry/api';
import { recordUsage } from '../../conditions/usage.ts';
import { readProperty } from '../../core/exception.ts';
import { guarded } from '../../core/guard.ts';
import { GraphRun } from '../../core/run.ts';
import type { Redactor } from '../../redaction/index.ts';
import { isAbortLike } from '../shared/abort.ts';
import { agentIdOf } from '../shared/identity.ts';
import { type FailedOperation, reportOperation } from '../shared/operation.ts';
import { likelyEnd, settle } from '../shared/undecided.ts';
import { detailsOf, isOutOfTurns, underneath } from './errors.ts';
import type { Agent, Result, Runner, RunOptions } from './internal-types.ts';
import { currentPlace, Place, places } from './place.ts';
import { agentsSnapshot } from './snapshot.ts';

/** How a run's spans are made. */
export interface RunMeans {
  readonly tracer: Tracer;
  readonly redactor: Redactor | undefined;
  readonly agentId: string | undefined;
  /** The SDK's span around the calling code. */
  readonly spanAround: string | undefined;
}

/** What is given to `Runner.run`. */
export interface RunCall {
  readonly runner: Runner;
  readonly agent: Agent;
  readonly input: unknown;
  readonly options: RunOptions | undefined;
}

/** Records `work`, which is the original `run`; returns and throws what it does. */
export async function recordRun(
  call: RunCall,
  means: RunMeans,
  work: () => Promise<unknown>,
): Promise<unknown> {
  const place = guarded(() => openPlace(call, means), undefined);
  if (!place) return await work();
  let result: unknown;
  try {
    result = await places.run(place, work);
  } catch (error) {
    guarded(() => endFailed(place, error), undefined);
    throw error;
  }
  const completed = readProperty(result, 'completed');
  if (completed instanceof Promise) {
    // The SDK has handled its rejection already: the caller that awaits it or reads the stream gets it.
    completed.then(
      () => guarded(() => endWell(place, result as Result), undefined),
      (error: unknown) => guarded(() => endFailed(place, error), undefined),
    );
  } else {
    guarded(() => endWell(place, result as Result), undefined);
  }
  return result;
}

function openPlace(call: RunCall, means: RunMeans): Place {
  const { input, options } = call;
  // A run that goes on after a pause does so with the agent that paused, and says nothing of its start.
  const paused = readProperty(input, 'currentAgent') as Agent | undefined;
  const agent = paused ?? call.agent;
  const agentName = text(agent.name) ?? 'agent';
  const about = {
    agentName,
    input: paused ? readProperty(input, '_originalInput') : input,
    signal: options?.signal,
  };
  const outer = currentPlace();
  const place = outer
    ? new Place({ ...outer.means, ...about, outer, spanAround: means.spanAround })
    : new Place({ ...openRun(call, agent, agentName, means), ...about });
  if (paused) place.start(agentName, undefined);
  return place;
}

function openRun({ runner, options }: RunCall, agent: Agent, agentName: string, means: RunMeans) {
  const { tracer, redactor } = means;
  const named = text(runner.config?.workflowName);
  const workflow = named === UNNAMED ? undefined : named;
  const identity = {
    agentId: agentIdOf(means.agentId, workflow ?? agentName, agentName),
    agentName: workflow ?? agentName,
    graphId: workflow ?? agentName,
    snapshot: agentsSnapshot(agent, workflow ?? agentName, runner.config?.model, redactor),
    sessionId:
      text(options?.conversationId) ??
      text(options?.session?.sessionId) ??
      text(runner.config?.groupId),
  };
  return { run: new GraphRun(identity, { tracer, redactor }), identity, tracer };
}

/** What the SDK calls a workflow that has no name. */
const UNNAMED = 'Agent workflow';

function endWell(place: Place, result: Result | undefined): void {
  const paused = (result?.interruptions?.length ?? 0) > 0;
  const cancelled = result?.cancelled === true && place.attempt !== undefined;
  place.held.release();
  place.stop();
  place.ended = true;
  if (place.outer) return;
  if (paused || cancelled) place.run.end(paused ? 'paused' : 'cancelled');
  else place.run.finish(place.output);
}

function endFailed(place: Place, thrown: unknown): void {
  const { run, outer, signal } = place;
  const error = underneath(thrown);
  const cancelled =
    signal?.aborted === true && !run.reportedBy(error) && isAbortLike(error, signal);
  const operation = place.held.take(error);
  if (cancelled) place.stop();
  else {
    const { site, evidence } = operation?.details ?? {};
    const details = { ...(site && { site }), ...detailsOf(thrown) };
    place.fail(
      error,
      { ...details, evidence: { ...evidence, ...details.evidence } },
      site === 'graph.route',
    );
    if (outer && place.spanAround) outer.reportedSpans.add(place.spanAround);
  }
  place.held.release();
  place.ended = true;
  if (outer) return;
  const reporter = run.reportedBy(error);
  if (reporter && likelyEnd(reporter)) settle(reporter, 'terminal');
  if (cancelled) run.end('cancelled');
  else run.end(isOutOfTurns(error) ? 'truncated' : 'failure', { error });
}

const listening = new WeakSet<Runner>();

/** Follows a runner's events, once. */
export function listenTo(runner: Runner): void {
  if (listening.has(runner) || typeof runner.on !== 'function') return;
  listening.add(runner);
  const on = (event: string, report: (place: Place, args: unknown[]) => void) => {
    runner.on?.(event, (...args: unknown[]) => {
      guarded(() => {
        const place = currentPlace();
        if (place) report(place, args);
      }, undefined);
    });
  };
  on('agent_start', (place, [, agent, input]) => place.start(nameOf(agent), input));
  on('agent_handoff', (place, [, , next]) => place.handOver(nameOf(next)));
  on('agent_end', (place, [, agent, output]) => {
    if (isEmptyAnswer(agent as Agent, output)) reportOperation(place, emptyAnswer(agent as Agent));
    place.finish(outputOf(agent as Agent, output));
  });
  on('agent_tool_start', () => recordUsage({ toolCalls: 1 }));
}

/** Whether the model said nothing at last, which the SDK takes for an answer; a tool's output may be empty. */
function isEmptyAnswer(agent: Agent, output: unknown): boolean {
  const isOfModel = (agent.toolUseBehavior ?? 'run_llm_again') === 'run_llm_again';
  return isOfModel && typeof output === 'string' && output.trim() === '';
}

function emptyAnswer({ model }: Agent): FailedOperation {
  return {
    kind: 'chat',
    target: text(model) ?? '',
    error: { name: 'EmptyResponseError', message: 'The model answered nothing' },
    details: { site: 'llm.call', class: 'llm.empty_response' },
    disposition: 'degraded',
  };
}

/** An agent's output comes as text; with an output type that text is JSON. */
function outputOf(agent: Agent, output: unknown): unknown {
  if (typeof output !== 'string' || (agent.outputType ?? 'text') === 'text') return output;
  return guarded(() => JSON.parse(output), output);
}

function nameOf(agent: unknown): string {
  return text(readProperty(agent, 'name')) ?? 'agent';
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
