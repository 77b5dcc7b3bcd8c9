// How the run went on after each of its failures.
import type { AttemptFact, FailureFact, RunFact } from './facts.ts';
import type { Lineage } from './lineage.ts';
import type { WentOn } from './question.ts';
import type { Tries, Try } from './tries.ts';

export interface Course {
  run: RunFact | undefined;
  attempts: readonly AttemptFact[];
  lineage: Lineage;
  tries: Tries;
  /** Whether an edge of the graph leads from one node to the other. */
  leads: (from: string, to: string) => boolean;
}

export function wentOn(failure: FailureFact, course: Course): WentOn {
  if (failure.level === 'operation') return operationWentOn(failure, course);
  if (failure.level === 'graph') return graphWentOn(failure, course);
  return retryOf(failure, course) ?? endOf(failure, course) ?? onwards(failure, course);
}

const answer = (
  how: WentOn['how'],
  by: WentOn['by'],
  why: string,
  more: Partial<WentOn> = {},
): WentOn => ({ how, by, node_id: null, attempt: null, failure_id: null, why, ...more });

function operationWentOn(failure: FailureFact, { lineage, attempts }: Course): WentOn {
  const around =
    lineage.attemptAround(failure) ??
    attempts.find((one) => one.node_id === failure.node_id && isDuring(failure, one));
  if (!around) {
    const outer = lineage.failureAround(failure);
    return outer
      ? answer('failed_node', 'level', 'the span around it failed', {
          failure_id: outer.failure_id,
        })
      : answer('unknown', null, 'the node around it is not known');
  }
  const node = { node_id: around.node_id, attempt: around.attempt };
  if (around.ok) return answer('recovered', 'attempt', 'the node around it succeeded', node);
  const failure_id = lineage.failureOf(around)?.failure_id ?? null;
  return answer('failed_node', 'attempt', 'the node around it failed', { ...node, failure_id });
}

function isDuring(failure: FailureFact, attempt: AttemptFact): boolean {
  return (
    attempt.attempt === failure.attempt &&
    attempt.started_at <= failure.started_at &&
    attempt.ended_at >= failure.ended_at
  );
}

function graphWentOn(failure: FailureFact, { run }: Course): WentOn {
  if (failure.class === 'worker.lost') {
    return answer('ended_run', 'level', 'nothing was heard of the run any more');
  }
  if (!run) return answer('unknown', null, 'no span reported the run');
  if (run.outcome === '') return answer('open', 'outcome', 'the run has not ended');
  return run.outcome === 'failure' || run.outcome === 'truncated'
    ? answer('ended_run', 'level', `the run itself failed: its outcome is ${run.outcome}`)
    : answer('continued', 'outcome', `the run went on to its end: ${run.outcome}`);
}

function retryOf(failure: FailureFact, { lineage, tries }: Course): WentOn | undefined {
  const following = tries.following(failure);
  const last = following.at(-1);
  if (!last) {
    if (failure.disposition === 'recovered')
      return answer('recovered', 'disposition', 'the executor says so');
    if (failure.disposition === 'retried')
      return answer('retried', 'disposition', 'the executor says so; no later attempt is known');
    return undefined;
  }
  const { node_id, attempt } = last;
  if (last.ok) {
    return answer('recovered', 'attempt', `attempt ${attempt} succeeded`, { node_id, attempt });
  }
  const next = following[0]!;
  return answer('retried', 'attempt', `attempts up to ${attempt} failed too`, {
    node_id,
    attempt: next.attempt,
    failure_id: lineage.failureOf(next)?.failure_id ?? null,
  });
}

function endOf(failure: FailureFact, { run }: Course): WentOn | undefined {
  if (run?.root_span_id === failure.span_id && run.trace_id === failure.trace_id)
    return answer('ended_run', 'told', 'the run names it as the reason of its end');
  const isLast = failure.disposition === 'terminal' || failure.disposition === 'escalated';
  if (!isLast || (run && run.outcome !== 'failure')) return undefined;
  return answer('ended_run', 'disposition', `the executor calls it ${failure.disposition}`);
}

function onwards(failure: FailureFact, { run, tries, lineage, leads }: Course): WentOn {
  const after = tries.after(failure).filter((one) => !lineage.isInside(failure, one));
  const next = after.find(({ node_id }) => leads(failure.node_id, node_id));
  const to = ({ node_id, attempt }: Try) => ({ node_id, attempt });
  if (failure.disposition === 'routed') {
    const target = next ?? after[0];
    const why = 'the executor routed it';
    return answer('routed', 'disposition', why, target ? to(target) : {});
  }
  if (next) {
    const why = `an edge leads to ${next.node_id}, which ran next`;
    return answer('routed', 'edge', why, to(next));
  }
  if (after[0]) {
    return answer('continued', 'time', 'other nodes ran after it', to(after[0]));
  }
  if (!run) return answer('unknown', null, 'no span reported the run');
  if (run.outcome === '') return answer('open', 'outcome', 'the run has not ended');
  return run.outcome === 'failure'
    ? answer('ended_run', 'time', 'nothing ran after it, and the run failed')
    : answer('continued', 'outcome', `the run went on to its end: ${run.outcome}`);
}
