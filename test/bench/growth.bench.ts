// What larger installations need, from the costs that other benchmarks measured: no time is measured here. Agents have
// sizes that fall as 1/n; each of their eight slots is put on a shard at random, as the sharding key does.
import { SLOTS } from '../../deploy/clickhouse/cluster/sharding.ts';

/** Seconds of CPU a million, from `npm run bench -- collector` (docs/scale.md has how they come out of its mixes). */
const COLLECTOR = { plain: 3.3, attempt: 23.5, failure: 104 };
const ENGINE = { attempt: 15, failure: 71 };
/** Bytes on disk a row, from `npm run bench -- memory` and `-- storage`. */
const BYTES = { attempt: 50, failure: 300 };
/** Seconds of CPU for each attempt that a question about nodes, effects or a brief counts. */
const COUNTED = 0.15e-6;
const ATTEMPT_DAYS = 30;
const FAILURE_DAYS = 90;
/** Busiest hour against the mean. */
const PEAK = 4;
const DRAWS = 20;
const CORES_A_SHARD = 16;
const DAY = 86_400;

interface Place {
  agents: number;
  /** Node attempts a day; one in a hundred fails, and four other spans come with each. */
  attempts: number;
  shards: number;
}

const PLACES: Place[] = [
  { agents: 100, attempts: 1e6, shards: 1 },
  { agents: 100, attempts: 10e6, shards: 1 },
  { agents: 1_000, attempts: 100e6, shards: 3 },
  { agents: 10_000, attempts: 1e9, shards: 10 },
  { agents: 10_000, attempts: 1e9, shards: 100 },
];

/** Share of all rows on the fullest shard, and of the largest agent's rows on its fullest one; means of the draws. */
function spread({ agents, shards }: Place): { fullest: number; largest: number } {
  const harmonic = Array.from({ length: agents }, (_, n) => 1 / (n + 1)).reduce((a, b) => a + b);
  let fullest = 0;
  let largest = 0;
  for (let draw = 0; draw < DRAWS; draw++) {
    const load = new Float64Array(shards);
    for (let agent = 0; agent < agents; agent++) {
      const own = new Float64Array(agent === 0 ? shards : 0);
      for (let slot = 0; slot < SLOTS; slot++) {
        const shard = Math.floor(Math.random() * shards);
        load[shard]! += 1 / (agent + 1) / harmonic / SLOTS;
        if (agent === 0) own[shard]! += 1 / SLOTS;
      }
      if (agent === 0) largest += Math.max(...own) / DRAWS;
    }
    fullest += Math.max(...load) / DRAWS;
  }
  return { fullest, largest };
}

export const name = 'Growth: cores, disk and the slowest question, computed';

export async function run(): Promise<void> {
  console.log(
    'agents | attempts a day | shards | collector cores at peak | engine cores at peak, fullest shard | TB, all | TB, fullest shard | attempts of the largest agent, of the middle one | s for its brief on a shard of 16 cores',
  );
  for (const place of PLACES) {
    const { agents, attempts, shards } = place;
    const failures = attempts / 100;
    const { fullest, largest } = spread(place);
    const perDay = (cost: { attempt: number; failure: number }): number =>
      (attempts * cost.attempt + failures * cost.failure) / 1e6;
    const collector = (perDay(COLLECTOR) + (4 * attempts * COLLECTOR.plain) / 1e6) / DAY;
    const engine = perDay(ENGINE) / DAY;
    const bytes = attempts * ATTEMPT_DAYS * BYTES.attempt + failures * FAILURE_DAYS * BYTES.failure;
    const harmonic = Array.from({ length: agents }, (_, n) => 1 / (n + 1)).reduce((a, b) => a + b);
    const ofLargest = (attempts * ATTEMPT_DAYS) / harmonic;
    const brief = (ofLargest * largest * COUNTED) / CORES_A_SHARD;
    const cells = [
      agents,
      attempts.toExponential(0),
      shards,
      (PEAK * collector).toFixed(2),
      (PEAK * engine * fullest).toFixed(2),
      (bytes / 1e12).toFixed(3),
      ((bytes / 1e12) * fullest).toFixed(3),
      `${ofLargest.toExponential(1)}, ${((2 * ofLargest) / agents).toExponential(1)}`,
      brief.toFixed(2),
    ];
    console.log(cells.join(' | '));
  }
}
