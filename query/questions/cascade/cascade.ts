// What followed from what in a run. Pure: the same rows, in whatever order, give the same cascade.
import { evidenceOf } from './evidence.ts';
import type { AttemptFact, FailureFact, RunFacts } from './facts.ts';
import { followsOf } from './follows.ts';
import { Edges } from './graph.ts';
import { Lineage } from './lineage.ts';
import { wentOn } from './outcomes.ts';
import type { Cascade, Consequence, Follows, WentOn } from './question.ts';
import { Tries } from './tries.ts';

export type Course = Pick<
  Cascade,
  'run' | 'first_failure_id' | 'root_failure_id' | 'root_certain' | 'failures' | 'consequences'
>;

/** Works out the cascade of a run from its rows. */
export function cascadeOf(facts: RunFacts): Course {
  const attempts = [...facts.attempts].sort((a, b) => byTime(a, b));
  const { run } = facts;
  const lineage = new Lineage(facts.failures, attempts);
  const failures = inOrder(facts.failures, lineage);
  const tries = new Tries(attempts, failures);
  const edges = new Edges(facts.edges);
  const course = {
    run,
    attempts,
    lineage,
    tries,
    leads: (from: string, to: string) => edges.leads(from, to),
  };
  const onward = new Map(failures.map((one) => [one.failure_id, wentOn(one, course)]));
  const follows = followsOf({
    ...course,
    failures,
    onward,
    reaches: (from, to) => edges.reaches(from, to),
    hasGraph: edges.isKnown,
  });
  const ordered = causesFirst(failures, follows);
  const consequences = consequencesOf({ ...facts, failures, attempts }, lineage);
  return {
    run: run
      ? {
          started_at: run.started_at,
          ended_at: run.outcome === '' ? null : run.ended_at,
          outcome: run.outcome,
          ended_by: endedBy(ordered, onward),
        }
      : null,
    first_failure_id: ordered[0]?.failure_id ?? facts.asked,
    ...rootOf(facts.asked, follows),
    failures: ordered.map((one) => ({
      failure_id: one.failure_id,
      timestamp: one.ended_at,
      level: one.level,
      node_id: one.node_id,
      attempt: one.attempt,
      visit: one.visit,
      site: one.site,
      class: one.class,
      error_type: one.error_type,
      error_message: one.error_message,
      fingerprint: one.fingerprint,
      disposition: one.disposition,
      follows: follows.get(one.failure_id)!,
      went_on: onward.get(one.failure_id)!,
      evidence: evidenceOf(one, operationsBelow(one, ordered, lineage)),
    })),
    consequences,
  };
}

function rootOf(
  asked: string,
  follows: ReadonlyMap<string, readonly Follows[]>,
): Pick<Course, 'root_failure_id' | 'root_certain'> {
  let [id, certain] = [asked, true];
  for (let step = follows.get(id)?.[0]; step; step = follows.get(id)?.[0]) {
    id = step.failure_id;
    certain &&= step.certain;
  }
  return { root_failure_id: id, root_certain: certain };
}

/** What the run itself names goes before what failures say of themselves, and later before earlier. */
function endedBy(
  ordered: readonly FailureFact[],
  onward: ReadonlyMap<string, WentOn>,
): string | null {
  const ends = ordered.filter((one) => onward.get(one.failure_id)?.how === 'ended_run');
  const reported = ends.find((one) => onward.get(one.failure_id)?.by === 'told');
  return (reported ?? ends.at(-1))?.failure_id ?? null;
}

function operationsBelow(
  failure: FailureFact,
  failures: readonly FailureFact[],
  lineage: Lineage,
): FailureFact[] {
  if (failure.level === 'operation') return [];
  return failures.filter(
    (one) =>
      one.level === 'operation' &&
      (lineage.isInside(one, failure) || isTiedTo(one, failure, lineage)),
  );
}

/** Whether only its node's name and attempt tie an operation to the failure of a node. */
function isTiedTo(operation: FailureFact, failure: FailureFact, lineage: Lineage): boolean {
  return (
    failure.level === 'node' &&
    operation.node_id === failure.node_id &&
    operation.attempt === failure.attempt &&
    operation.started_at >= failure.started_at &&
    operation.ended_at <= failure.ended_at &&
    !lineage.attemptAround(operation)
  );
}

function consequencesOf({ run, attempts, failures }: RunFacts, lineage: Lineage): Consequence[] {
  const found: Consequence[] = attempts
    .filter((one) => !one.ok && !lineage.failureOf(one))
    .map((one) => ({
      what: 'attempt',
      node_id: one.node_id,
      attempt: one.attempt,
      span_id: one.span_id,
      timestamp: one.ended_at,
      ...causeOf(one, failures, lineage),
    }));
  if (run?.root_span_id) {
    const cause = lineage.failureOf({ trace_id: run.trace_id, span_id: run.root_span_id });
    found.push({
      what: 'run',
      node_id: '',
      attempt: 0,
      span_id: run.span_id,
      timestamp: run.ended_at,
      failure_id: cause?.failure_id ?? null,
      by: 'told',
    });
  }
  return found;
}

/** The failure that an attempt without one of its own failed because of. */
function causeOf(
  attempt: AttemptFact,
  failures: readonly FailureFact[],
  lineage: Lineage,
): Pick<Consequence, 'failure_id' | 'by'> {
  const { trace_id, root_span_id } = attempt;
  if (root_span_id !== '') {
    const reported = lineage.failureOf({ trace_id, span_id: root_span_id });
    return { failure_id: reported?.failure_id ?? null, by: 'told' };
  }
  const inside = failures.filter((one) => lineage.isInside(one, attempt)).at(-1);
  if (inside) return { failure_id: inside.failure_id, by: 'parent' };
  const during = failures
    .filter((one) => one.started_at >= attempt.started_at && one.ended_at <= attempt.ended_at)
    .at(-1);
  return { failure_id: during?.failure_id ?? null, by: during ? 'time' : null };
}

/** By time; what happened inside a span happened while it lasted, whatever the clocks say. */
function inOrder(failures: readonly FailureFact[], lineage: Lineage): FailureFact[] {
  return failures
    .map((failure) => ({ failure, ...failure, ...lineage.placeOf(failure) }))
    .sort((a, b) => byTime(a, b, b.depth - a.depth))
    .map(({ failure }) => failure);
}

/** By time, except that a cause comes before what followed from it whatever the clocks say. */
function causesFirst(
  failures: readonly FailureFact[],
  follows: ReadonlyMap<string, readonly Follows[]>,
): FailureFact[] {
  const byId = new Map(failures.map((one) => [one.failure_id, one]));
  const ordered = new Set<FailureFact>();
  const put = (failure: FailureFact): void => {
    // A stack of its own: a chain of retries may be long.
    const open = [failure];
    while (open.length > 0) {
      const one = open.at(-1)!;
      const causes = follows.get(one.failure_id)!.map(({ failure_id }) => byId.get(failure_id)!);
      const missing = causes.find((cause) => !ordered.has(cause));
      if (missing) open.push(missing);
      else {
        ordered.add(one);
        open.pop();
      }
    }
  };
  for (const failure of failures) put(failure);
  return [...ordered];
}

function byTime<T extends { ended_at: string; span_id: string }>(a: T, b: T, among = 0): number {
  if (a.ended_at !== b.ended_at) return a.ended_at < b.ended_at ? -1 : 1;
  if (among !== 0) return among;
  return a.span_id < b.span_id ? -1 : Number(a.span_id > b.span_id);
}
