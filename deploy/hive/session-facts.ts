// A run as the logs of its session record it, for runs that no event dump covers. The logs name no time for a
// node, only how long it took, so times are counted from the session's start; and they keep one run a
// session: runs of the same session are reported as one.
import type { GraphRunOutcome } from '../../instrumentation/semconv/attributes.ts';
import { Evidence } from './evidence.ts';
import type { AttemptEnded, Fact, FailureOfHive, RunOfHive } from './facts.ts';
import type { HiveGraph } from './graph-file.ts';
import { reasonOf, reasonOfRun } from './reasons.ts';
import type { NodeDetail, SessionState, StepLog } from './records.ts';
import type { SessionLogs } from './session-logs.ts';
import { msToNs } from './time.ts';

const ENDED = new Set(['success', 'degraded', 'failure', 'paused']);

/** All facts of a session; the same logs give the same facts. */
export function sessionFacts(logs: SessionLogs, run: RunOfHive, graph?: HiveGraph): Fact[] {
  const outcome = outcomeOf(logs);
  const attempts = attemptsOf(logs, run, outcome, graph);
  const facts: Fact[] = [{ kind: 'run_started', run }, ...attempts];
  if (outcome) facts.push(ended(logs, run, attempts, outcome, graph));
  return facts;
}

function attemptsOf(
  { details, steps, state }: SessionLogs,
  run: RunOfHive,
  outcome: GraphRunOutcome | undefined,
  graph: HiveGraph | undefined,
): AttemptEnded[] {
  const visitsOfSteps = stepsByVisit(steps);
  const inputOf = inputsOf(state, graph);
  const isOver = outcome !== undefined;
  const path: string[] = [];
  const visits = new Map<string, number>();
  const last = new Map<string, AttemptEnded>();
  const seen = new Map<string, number>();
  let timeNs = run.startNs;
  return details.map((detail, index) => {
    const { node_id: nodeId } = detail;
    const nth = seen.get(nodeId) ?? 0;
    seen.set(nodeId, nth + 1);
    const before = last.get(nodeId);
    const previous = before?.failure ? before : undefined;
    const visit = (visits.get(nodeId) ?? 0) + (previous ? 0 : 1);
    visits.set(nodeId, visit);
    path.push(nodeId);
    const startNs = timeNs;
    timeNs += msToNs(detail.latency_ms);
    const attempt: AttemptEnded = {
      kind: 'attempt',
      run,
      key: `${nodeId}#${nth + 1}`,
      nodeId,
      nodeName: detail.node_name || undefined,
      nodeType: detail.node_type || undefined,
      attempt: previous ? previous.attempt + 1 : 1,
      visit,
      startNs,
      endNs: timeNs,
      previous: previous?.key,
      failure: detail.success
        ? undefined
        : failureOf(detail, {
            steps: visitsOfSteps.get(nodeId)?.[nth] ?? [],
            next: details[index + 1],
            isOver,
            state: { path: path.slice(-100), visits: Object.fromEntries(visits) },
            input: inputOf(nodeId, details[0]?.node_id === nodeId),
          }),
    };
    last.set(nodeId, attempt);
    return attempt;
  });
}

function failureOf(
  detail: NodeDetail,
  around: {
    steps: readonly StepLog[];
    next: NodeDetail | undefined;
    isOver: boolean;
    state: Record<string, unknown>;
    input: unknown;
  },
): FailureOfHive {
  const evidence = new Evidence();
  for (const step of around.steps) evidence.seeStep(step);
  const { next, input, state } = around;
  return {
    ...reasonOf(detail.error, detail.stacktrace),
    stack: detail.stacktrace || undefined,
    disposition: dispositionOf(detail, next, around.isOver),
    state,
    evidence: evidence.facts(detail.exit_status ? { exit_status: detail.exit_status } : {}),
    ...(input !== undefined && { input }),
  };
}

/** What Hive did next; unknown while the run goes on. */
function dispositionOf(failed: NodeDetail, next: NodeDetail | undefined, isOver: boolean) {
  if (next) {
    const isRestarted = failed.trace_id !== '' && next.trace_id !== failed.trace_id;
    return isRestarted || next.node_id === failed.node_id ? 'retried' : 'routed';
  }
  return isOver ? 'terminal' : undefined;
}

/** What nodes read: the first one the run's input, others what the session's memory has of it. */
function inputsOf(state: SessionState | undefined, graph: HiveGraph | undefined) {
  return (nodeId: string, isFirst: boolean): unknown => {
    if (isFirst) return state?.input_data;
    const { memory = {} } = state ?? {};
    const keys = (graph?.inputsOf(nodeId) ?? []).filter((key) => Object.hasOwn(memory, key));
    return keys.length === 0
      ? undefined
      : Object.fromEntries(keys.map((key) => [key, memory[key]]));
  };
}

/** A node's steps, split where their numbers start again. */
function stepsByVisit(steps: readonly StepLog[]): Map<string, StepLog[][]> {
  const byNode = new Map<string, StepLog[][]>();
  for (const step of steps) {
    const visits = byNode.get(step.node_id) ?? [];
    byNode.set(step.node_id, visits);
    const before = visits.at(-1)?.at(-1);
    const isNext =
      step.step_index > (before?.step_index ?? 0) && step.trace_id === before?.trace_id;
    if (!isNext) visits.push([step]);
    else visits.at(-1)!.push(step);
  }
  return byNode;
}

/** How the run ended; nothing while it goes on. `state.json` knows of pauses that the summary calls success. */
export function outcomeOf({ summary, state, details }: SessionLogs): GraphRunOutcome | undefined {
  if (state?.status === 'paused' || state?.status === 'cancelled') return state.status;
  const logged = summary?.status ?? FROM_STATE[state?.status ?? ''];
  if (logged === undefined || !ENDED.has(logged)) return undefined;
  const isLost = details.some(
    ({ node_id, success }, index) => !success && details[index + 1]?.node_id !== node_id,
  );
  if (logged === 'success' && isLost) return 'degraded';
  return logged as GraphRunOutcome;
}

const FROM_STATE: Record<string, string | undefined> = { completed: 'success', failed: 'failure' };

function isLost({ failure }: AttemptEnded): boolean {
  return failure !== undefined && failure.disposition !== 'retried';
}

function ended(
  { summary, state }: SessionLogs,
  run: RunOfHive,
  attempts: readonly AttemptEnded[],
  logged: GraphRunOutcome,
  graph: HiveGraph | undefined,
): Fact {
  const endNs = [
    run.startNs + msToNs(summary?.duration_ms ?? 0),
    attempts.at(-1)?.endNs ?? 0n,
  ].reduce((a, b) => (a > b ? a : b));
  const end = { kind: 'run_ended', run, endNs, resurrections: 0 } as const;
  if (logged === 'failure') {
    const error = state?.result.error ?? '';
    const root = attempts.findLast(isLost) ?? attempts.findLast(({ failure }) => failure);
    if (root && (error === '' || reasonOf(error).message === root.failure?.message)) {
      return { ...end, outcome: logged, rootKey: root.key };
    }
    const input = state?.input_data;
    const failure = { ...reasonOfRun(error), ...(input !== undefined && { input }) };
    return { ...end, outcome: logged, failure };
  }
  const last = summary?.node_path.at(-1);
  const isDone = logged === 'success' || logged === 'degraded';
  const unfinished = isDone && last !== undefined ? graph?.unfinishedAt(last) : undefined;
  if (unfinished === undefined) return { ...end, outcome: logged };
  return { ...end, outcome: 'truncated', failure: reasonOfRun(unfinished) };
}
