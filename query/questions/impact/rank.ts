// Which problem comes first.
import type { GroupFacts } from '../groups/facts.ts';
import type { TriedFix } from '../ledger/schemas.ts';
import type { Impact } from './impact.ts';

/** What a rank is made of. */
export type Ranked = Pick<
  GroupFacts,
  'fingerprint' | 'fingerprints' | 'state' | 'last_seen' | 'counts'
>;
type Impacts = ReadonlyMap<string, Impact>;

/**
 * What ends runs on the version in use first, the most runs lost before the others; then what came back,
 * grows or was made worse by a fix; then the rest by runs lost and failures; last what recovered.
 */
export function byUrgency<Group extends Ranked>(
  groups: readonly Group[],
  fixes: readonly TriedFix[],
  impacts: Impacts,
): Group[] {
  const harmed = new Set(
    fixes.flatMap(({ status, effects }) =>
      effects
        .filter(({ verdict }) => verdict === 'harmful' && status === 'applied')
        .map(({ fingerprint }) => fingerprint),
    ),
  );
  const keys = new Map(groups.map((group) => [group, rankOf(group, harmed, impacts)]));
  return [...groups].sort((one, other) => {
    const [a, b] = [keys.get(one)!, keys.get(other)!];
    const at = a.findIndex((key, index) => key !== b[index]);
    if (at !== -1) return a[at]! - b[at]!;
    if (one.last_seen !== other.last_seen) return one.last_seen < other.last_seen ? 1 : -1;
    return one.fingerprint < other.fingerprint ? -1 : 1;
  });
}

/** Keys to sort by, the smaller first. */
function rankOf(
  { fingerprint, fingerprints, state, counts }: Ranked,
  harmed: ReadonlySet<string>,
  impacts: Impacts,
): number[] {
  const found = impacts.get(fingerprint);
  const lostNow = found?.runs_lost_now ?? 0;
  const states = ['regressed', 'escalating'].indexOf(state);
  const isHarmed = fingerprints.some((name) => harmed.has(name));
  const urgency = states !== -1 ? states : isHarmed ? 2 : 3;
  const failures = counts.reduce((sum, row) => sum + row.failures, 0);
  const rank = lostNow > 0 ? -1 : found?.is_recovered ? 4 : urgency;
  return [rank, -lostNow, urgency, -(found?.runs_lost ?? 0), -failures];
}
