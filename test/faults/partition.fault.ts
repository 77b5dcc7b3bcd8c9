import { setTimeout as wait } from 'node:timers/promises';
import { count, type Fault } from './fault.ts';
import { type Cut, Namespace } from './namespace.ts';
import type { World } from './world.ts';

/** A collector gives an insert up after 30 s: this is longer, and it has to send it again. */
const BEYOND_TIMEOUT_MS = 33_000;
/** Most milliseconds of a cut that connections outlive. */
const SHORT_MS = 4_000;

export const fault: Fault = {
  name: 'network to ClickHouse cut without a word, one way or both, amid inserts',
  run: async (world) => {
    const there = await Namespace.start(await world.dataDir(), world.random);
    try {
      return await cutAndCount(world, there);
    } finally {
      await there.stop();
    }
  },
};

async function cutAndCount(world: World, there: Namespace) {
  const { random } = world;
  const collector = await world.collector({
    dataDir: await world.dataDir(),
    clickhouse: { url: there.url, ...there.statements.user },
  });
  const sender = world.sender(() => collector, { perSecond: 1000 });
  const kinds: Cut[] = ['there', 'back', 'both'];
  const long = Array.from(
    { length: world.rounds(2) },
    (_, i) => [kinds[2 - (i % 3)]!, BEYOND_TIMEOUT_MS] as const,
  );
  const short = Array.from(
    { length: world.rounds(8) },
    (_, i) => [kinds[i % 3]!, random.int(50, SHORT_MS)] as const,
  );
  const cuts = random.shuffled([...long, ...short]);
  for (const [what, ms] of cuts) {
    await sender.acknowledge(random.int(1, 1000));
    there.cut(what);
    // The queue takes what comes meanwhile.
    await Promise.all([sender.acknowledge(100), wait(ms)]);
    there.heal();
    world.say(`${what} cut for ${ms} ms`);
  }
  await sender.acknowledge(200);
  await sender.stop();
  await world.until(
    'all is there',
    async () => (await count(there.statements, sender.acknowledged)).lost === 0,
  );
  if (!collector.said('ClickHouse does not take them')) throw new Error('it did not say so');
  await world.terminate(collector);
  const outcome = await count(there.statements, sender.acknowledged);
  const note = `${cuts.length} cuts, ${long.length} of them longer than an insert may take`;
  return { ...outcome, note: [note, outcome.note].filter(Boolean).join('; ') };
}
