import { folderAfter, SURVIVORS, type Survivors } from './disk.ts';
import { countEmbedded, emptied, merge } from './embedded.ts';
import type { Fault, Outcome } from './fault.ts';
import { acknowledgedBefore, Recorder, type Step } from './power-cut.ts';
import type { Acknowledged } from './sender.ts';
import type { World } from './world.ts';

/** Times that all parts of a table are made into one while it is recorded. */
const MERGES = 3;

export const fault: Fault = {
  name: 'power cut: unsynced writes of ClickHouse and the queue lost or torn',
  lastsMs: (world) => world.rounds(5) * 30_000,
  run: async (world) => {
    const dataDir = await world.dataDir();
    const recorder = new Recorder(dataDir, await world.dataDir());
    const recorded = await world.embedded(dataDir, recorder.env);
    const ready = process.hrtime.bigint();
    const sender = world.sender(() => recorded, { perSecond: 500 });
    for (let i = 0; i < MERGES; i++) {
      await sender.acknowledge(500);
      await merge(recorded, dataDir);
    }
    await sender.acknowledge(500);
    const [engine] = recorded.children();
    process.kill(engine!, 'SIGKILL');
    await recorded.end('SIGKILL');
    await sender.stop();

    const steps = recorder.steps();
    const whileReady = steps.findIndex(({ time }) => time > ready);
    if (steps.length - whileReady < 100) throw new Error('the writes were not recorded');
    world.say(`${steps.length} steps recorded, ready after ${whileReady}`);
    const total: Outcome = { acknowledged: 0, found: 0, lost: 0, doubled: 0 };
    const rounds = world.rounds(5);
    const note = `${rounds} cuts among ${steps.length} recorded writes, syncs and changes`;
    const merges = steps.flatMap(({ kind, name }, index) =>
      kind === 'rename' && name.includes('/tmp_merge_') ? [index] : [],
    );
    if (merges.length === 0) throw new Error('nothing was merged');
    const { random } = world;
    const moments = [
      () => merges[random.int(0, merges.length)]! + random.int(100, 400),
      () => random.int(whileReady, steps.length),
      // While it starts for the first time.
      () => random.int(0, whileReady),
    ];
    for (let round = 0; round < rounds; round++) {
      const last = Math.min(steps.length - 1, moments[round % moments.length]!());
      // In all pairs of moment and survivors, one after the other.
      const turn = round + Math.floor(round / moments.length);
      const survivors = SURVIVORS[turn % SURVIVORS.length]!;
      const outcome = await cutAfter(
        world,
        steps.slice(0, last + 1),
        survivors,
        acknowledgedBefore(sender, steps[last + 1]?.time),
      );
      for (const key of ['acknowledged', 'found', 'lost', 'doubled'] as const) {
        total[key] += outcome[key];
      }
      const left = `${survivors} left of what was not synced`;
      world.say(`cut after step ${last}, ${left}: ${outcome.found} of ${outcome.acknowledged}`);
    }
    return { ...total, note };
  },
};

/** Starts on what a cut behind the last step left, and counts. */
async function cutAfter(
  world: World,
  steps: readonly Step[],
  survivors: Survivors,
  acknowledged: Acknowledged,
): Promise<Outcome> {
  const survivor = await world.dataDir();
  await folderAfter(steps, survivors, world.random, survivor);
  const collector = await world.embedded(survivor);
  for (const complaint of ['is damaged', 'cannot be read']) {
    if (collector.said(complaint)) throw new Error(`after step ${steps.length} it ${complaint}`);
  }
  await emptied(world, collector);
  await world.terminate(collector);
  return countEmbedded(survivor, acknowledged);
}
