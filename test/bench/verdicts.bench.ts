// How often verdicts and escalations are right over seeded worlds; no time is measured.
import { escalationIn } from '../../query/questions/groups/escalation.ts';
import { groupOf, SHAPES } from '../query/questions/groups/surges.ts';
import { seeded } from '../query/questions/ledger/random.ts';
import {
  controlledVerdict,
  HOUR,
  outageWorld,
  runsIn,
  steadyWorld,
  verdictAt,
} from '../query/questions/ledger/worlds.ts';

export const name = 'Verdicts and escalations: shares over seeded worlds';

const WORLDS = 200;
const seeds = Array.from({ length: WORLDS }, (_, seed) => seed);

function share<World>(worlds: readonly World[], fits: (world: World) => boolean): string {
  return `${((worlds.filter(fits).length / worlds.length) * 100).toFixed(1)} %`;
}
const isClaim = (verdict: string) => verdict === 'effective' || verdict === 'harmful';

export function run(): Promise<void> {
  for (const kind of [
    { perHour: 4, chance: 0.9 },
    { perHour: 12.5, chance: 0.5 },
    { perHour: 12.5, chance: 0.9 },
    { perHour: 60, chance: 0.9, otherwise: 0.01 },
  ]) {
    const judged = seeds.map((seed) => {
      const { random, outages, runs } = outageWorld(seed, kind);
      const others = runsIn(random, outages, kind);
      const alone = verdictAt(runs, 24 * HOUR);
      return { ...alone, controlled: controlledVerdict(runs, others, 24 * HOUR).verdict };
    });
    console.log(
      `nothing changed, outages, ${JSON.stringify(kind)}: wrong ${share(judged, (one) => isClaim(one.verdict))}, ` +
        `with a control ${share(judged, (one) => isClaim(one.controlled))}, ` +
        `if runs were independent ${share(judged, (one) => isClaim(one.unclustered))}`,
    );
  }
  for (const ratio of [0.2, 0.5, 3]) {
    const judged = seeds.map((seed) => {
      const { runs, at } = steadyWorld(seed, { hours: 24, ratio });
      return verdictAt(runs, at).verdict;
    });
    console.log(`300 steady runs a side, ratio ${ratio}: found ${share(judged, isClaim)}`);
  }
  for (const growth of [1, 4, 10]) {
    for (const shape of SHAPES) {
      const random = seeded(growth);
      const found = seeds.map(() => escalationIn(groupOf(random, shape, growth)));
      console.log(`${growth} times as often, ${shape}: escalating ${share(found, Boolean)}`);
    }
  }
  return Promise.resolve();
}
