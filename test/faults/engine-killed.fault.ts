import { countEmbedded, emptied, merge } from './embedded.ts';
import type { Fault } from './fault.ts';

export const fault: Fault = {
  name: 'engine killed under `faultline start`, amid inserts and merges',
  run: async (world) => {
    const dataDir = await world.dataDir();
    const collector = await world.embedded(dataDir);
    const sender = world.sender(() => collector);
    const rounds = world.rounds(6);
    for (let round = 0; round < rounds; round++) {
      await sender.acknowledge(world.random.int(1, 1000));
      const [engine] = collector.children();
      // Every second time while all parts of a table are being merged into one.
      const merging = round % 2 === 1 ? merge(collector, dataDir) : undefined;
      await world.pause(world.random.int(0, 150));
      process.kill(engine!, 'SIGKILL');
      await merging;
      await world.until('another engine runs', () => {
        const [now] = collector.children();
        return now !== undefined && now !== engine;
      });
      // What was acknowledged before and meanwhile is taken by the queue.
      await sender.acknowledge(100);
      world.say(`killed ${round + 1} of ${rounds}`);
    }
    if (!collector.said('embedded ClickHouse ended (SIGKILL)'))
      throw new Error('it did not say so');
    await world.until('it runs again', () => collector.said('embedded ClickHouse runs again'));
    await sender.acknowledge(200);
    await sender.stop();
    await emptied(world, collector);
    await world.terminate(collector);
    const outcome = await countEmbedded(dataDir, sender.acknowledged);
    return { note: `${rounds} kills, each followed by a start of its own`, ...outcome };
  },
};
