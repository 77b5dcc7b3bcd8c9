import type { Fault } from './fault.ts';

export const fault: Fault = {
  name: 'collector killed (SIGKILL) at random moments',
  run: async (world) => {
    const dataDir = await world.dataDir();
    let collector = await world.collector({ dataDir });
    const sender = world.sender(() => collector);
    const rounds = world.rounds(5);
    for (let round = 0; round < rounds; round++) {
      await sender.acknowledge(world.random.int(1, 800));
      await collector.end('SIGKILL');
      collector = await world.collector({ dataDir });
      world.say(`killed ${round + 1} of ${rounds}`);
    }
    await sender.acknowledge(200);
    await sender.stop();
    const outcome = await world.settle(sender.acknowledged, collector);
    return { note: `${rounds} kills, ${sender.resent} resends`, ...outcome };
  },
};
