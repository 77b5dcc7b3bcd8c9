// What a brief cannot say, so that nobody takes silence for an answer.

import type { Brief } from './question.ts';
import type { ShortIds } from './short-ids.ts';

const NAMED = 3;

/** One sentence for each kind of thing that is not known; outside text in it is quoted. */
export function unknownsOf(
  { groups, evolutions, runs }: Pick<Brief, 'groups' | 'evolutions' | 'runs'>,
  short: ShortIds,
): string[] {
  const unclassified = groups.filter((group) => group.class === 'unclassified');
  const withoutInput = groups.filter((group) => group.inputs === 0 && group.last_input === '');
  const unversioned = groups.filter((group) => group.graph_snapshot_refs.includes(''));
  const untargeted = evolutions.filter((fix) => fix.effects.length === 0);
  const undecided = evolutions.filter((fix) =>
    fix.effects.some((effect) => effect.verdict === 'insufficient_exposure'),
  );
  const unended = runs
    .filter(({ outcome }) => outcome === '')
    .reduce((sum, { runs: number }) => sum + number, 0);
  const fingerprints = (some: Brief['groups']) =>
    named(some.map((group) => short.group(group.fingerprint)));
  const ids = (some: Brief['evolutions']) =>
    named(some.map((fix) => short.evolution(fix.evolution_id)));
  return [
    ...(undecided.length > 0
      ? [`whether these fixes help, for want of runs: ${ids(undecided)}`]
      : []),
    ...(untargeted.length > 0 ? [`what these fixes were for: ${ids(untargeted)}`] : []),
    ...(unclassified.length > 0 ? [`the class of ${fingerprints(unclassified)}`] : []),
    ...(withoutInput.length > 0 ? [`the inputs of ${fingerprints(withoutInput)}`] : []),
    ...(unversioned.length > 0
      ? [`the version that some failures happened on: ${fingerprints(unversioned)}`]
      : []),
    ...(unended > 0 ? [`how ${unended} started ${unended === 1 ? 'run' : 'runs'} ended`] : []),
  ];
}

function named(ids: string[]): string {
  const more = ids.length > NAMED ? ` and ${ids.length - NAMED} more` : '';
  return ids.slice(0, NAMED).join(', ') + more;
}
