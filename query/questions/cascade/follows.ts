// Which failure of a run followed from which. What spans and attempt numbers say goes before clocks:
// executors' clocks may run apart.
import type { FailureFact } from './facts.ts';
import type { Course } from './outcomes.ts';
import type { Follows, WentOn } from './question.ts';

interface Known extends Course {
  failures: readonly FailureFact[];
  onward: ReadonlyMap<string, WentOn>;
  /** Whether there is a way along edges from one node to the other. */
  reaches: (from: string, to: string) => boolean;
  hasGraph: boolean;
}

/** For each failure those that it followed from, the likeliest first; never in a circle. */
export function followsOf(known: Known): Map<string, Follows[]> {
  const { failures } = known;
  const found = new Map<string, Follows[]>(failures.map(({ failure_id }) => [failure_id, []]));
  const add = ({ failure_id }: FailureFact, some: Follows[]): void => {
    for (const one of some) {
      // Spans that name each other as parents lead nowhere.
      if (!leadsBack(one.failure_id, failure_id, found)) found.get(failure_id)!.push(one);
    }
  };
  const inside = insideOf(known);
  const before = attemptsBefore(known);
  for (const failure of failures) {
    const retried = before.get(failure);
    const cause = fromInside(failure, inside.get(failure) ?? []);
    // The same again began where it began the first time.
    const isSame = retried !== undefined && retried.fingerprint === failure.fingerprint;
    const retry = retried ? [fromAttempt(retried)] : [];
    add(failure, isSame ? [...retry, ...cause] : [...cause, ...retry]);
  }
  for (const failure of failures) {
    if (found.get(failure.failure_id)!.length === 0) add(failure, fromBefore(failure, known));
  }
  return found;
}

/** For each failure those directly inside of it that were not got over there. */
function insideOf({ failures, lineage, tries }: Known): Map<FailureFact, FailureFact[]> {
  const found = new Map<FailureFact, FailureFact[]>();
  for (const one of failures) {
    const outer = lineage.failureAround(one);
    if (!outer || tries.following(one).at(-1)?.ok) continue;
    found.set(outer, [...(found.get(outer) ?? []), one]);
  }
  return found;
}

/** For each failed retry the failure that it was made because of. */
function attemptsBefore({ failures, lineage, tries }: Known): Map<FailureFact, FailureFact> {
  const found = new Map<FailureFact, FailureFact>();
  for (const one of failures) {
    const next = one.level === 'node' ? tries.next(one) : undefined;
    const failure = next && lineage.failureOf(next);
    if (failure && !found.has(failure)) found.set(failure, one);
  }
  return found;
}

function leadsBack(
  from: string,
  to: string,
  found: ReadonlyMap<string, readonly Follows[]>,
): boolean {
  const open = [from];
  const seen = new Set(open);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (id === to) return true;
    for (const { failure_id } of found.get(id) ?? []) {
      if (!seen.has(failure_id)) open.push(failure_id);
      seen.add(failure_id);
    }
  }
  return false;
}

/** The failure inside of this one that it most likely passed on: with its words, else the last. */
function fromInside(failure: FailureFact, inside: readonly FailureFact[]): Follows[] {
  const last = inside.at(-1);
  if (!last) return [];
  const same = inside.findLast((one) => hasSameError(one, failure));
  const { failure_id } = same ?? last;
  const why = same
    ? 'it happened inside, with the same error'
    : `it happened inside${inside.length > 1 ? `, the last of ${inside.length}` : ''}; the error is another`;
  return [{ failure_id, by: 'parent', certain: same !== undefined, why }];
}

function hasSameError(inner: FailureFact, outer: FailureFact): boolean {
  const [short, long] = [inner.error_message, outer.error_message];
  if (short === '') return inner.error_type !== '' && inner.error_type === outer.error_type;
  return short === long || (short.length >= 8 && long.includes(short));
}

function fromAttempt({ failure_id, attempt }: FailureFact): Follows {
  const why = `attempt ${attempt} of the node failed, so it was tried again`;
  return { failure_id, by: 'retry', certain: true, why };
}

/** The last failure before it that the run had not got over, where the graph leads from there to here. */
function fromBefore(failure: FailureFact, known: Known): Follows[] {
  const { failures, lineage, onward, reaches, hasGraph } = known;
  if (failure.level === 'operation') return [];
  const earlier = failures.filter(
    (one) =>
      one !== failure &&
      one.level === 'node' &&
      one.node_id !== failure.node_id &&
      // A run's failure spans the run: what counts is that it ended later.
      one.ended_at <= (failure.level === 'graph' ? failure.ended_at : failure.started_at) &&
      onward.get(one.failure_id)?.how !== 'recovered' &&
      !lineage.isInside(one, failure) &&
      !lineage.isInside(failure, one),
  );
  const last = (some: FailureFact[]) => some.sort(byEnd).at(-1);
  const linked = last(earlier.filter((one) => reaches(one.node_id, failure.node_id)));
  if (linked && failure.node_id !== '') {
    const why = `the graph leads from ${linked.node_id} to ${failure.node_id}, and it was not got over`;
    return [{ failure_id: linked.failure_id, by: 'edge', certain: false, why }];
  }
  const before = hasGraph && failure.node_id !== '' ? undefined : last(earlier);
  if (!before) return [];
  const why = 'it was the last failure before that the run had not got over';
  return [{ failure_id: before.failure_id, by: 'time', certain: false, why }];
}

function byEnd(a: FailureFact, b: FailureFact): number {
  return a.ended_at < b.ended_at ? -1 : Number(a.ended_at > b.ended_at);
}
