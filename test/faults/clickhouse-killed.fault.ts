import type { Fault } from './fault.ts';

export const fault: Fault = {
  name: 'ClickHouse killed (SIGKILL) at random moments',
  run: async (world) => {
    const collector = await world.collector({ dataDir: await world.dataDir() });
    const sender = world.sender(() => collector);
    const rounds = world.rounds(4);
    for (let round = 0; round < rounds; round++) {
      await sender.acknowledge(world.random.int(1, 800));
      await world.server.kill();
      await sender.acknowledge(300);
      await world.server.restart();
      world.say(`killed ${round + 1} of ${rounds}`);
    }
    await sender.acknowledge(200);
    await sender.stop();
    const outcome = await world.settle(sender.acknowledged, collector);
    return { note: `${rounds} kills, ${sender.resent} resends`, ...outcome };
  },
};
