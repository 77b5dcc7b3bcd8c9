import { folderAfter } from './disk.ts';
import { countEmbedded, emptied, merge } from './embedded.ts';
import type { Fault, Outcome } from './fault.ts';
import { acknowledgedBefore, Recorder, type Step } from './power-cut.ts';
import type { Sender } from './sender.ts';
import type { World } from './world.ts';

/** Times that all parts of a table are made into one while it is recorded. */
const MERGES = 3;

export const fault: Fault = {
  name: 'power cut: unsynced writes of ClickHouse and the queue lost or torn',
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
    const rounds = world.rounds(6);
    const note = `${rounds} cuts among ${steps.length} recorded writes, syncs and changes`;
    for (let round = 0; round < rounds; round++) {
      // Some of them while it starts for the first time.
      const from = round % 3 === 2 ? 0 : whileReady;
      const last = world.random.int(from, steps.length);
      const outcome = await cutAfter(world, steps, last, sender);
      for (const key of ['acknowledged', 'found', 'lost', 'doubled'] as const) {
        total[key] += outcome[key];
      }
      world.say(`cut after step ${last}: ${outcome.found} of ${outcome.acknowledged}`);
    }
    return { ...total, note };
  },
};

/** Starts on what a cut left, and counts. */
async function cutAfter(world: World, steps: readonly Step[], last: number, sender: Sender) {
  const survivor = await world.dataDir();
  await folderAfter(steps.slice(0, last + 1), world.random, survivor);
  const collector = await world.embedded(survivor);
  for (const complaint of ['is damaged', 'cannot be read']) {
    if (collector.said(complaint)) throw new Error(`after step ${last} it ${complaint}`);
  }
  await emptied(world, collector);
  await world.terminate(collector);
  return countEmbedded(survivor, acknowledgedBefore(sender, steps[last + 1]?.time));
}
