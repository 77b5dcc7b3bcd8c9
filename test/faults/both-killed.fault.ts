import type { Fault } from './fault.ts';

export const fault: Fault = {
  name: 'collector and ClickHouse killed, in either order',
  run: async (world) => {
    const dataDir = await world.dataDir();
    let collector = await world.collector({ dataDir });
    const sender = world.sender(() => collector);
    const rounds = world.rounds(3);
    for (let round = 0; round < rounds; round++) {
      await sender.acknowledge(world.random.int(1, 1000));
      const killers = [() => world.server.kill(), () => collector.end('SIGKILL')];
      const [first, second] = world.random.shuffled(killers);
      await first!();
      if (world.random.next() < 0.5) await new Promise((resolve) => setTimeout(resolve, 50));
      await second!();
      await world.server.restart();
      collector = await world.collector({ dataDir });
      world.say(`killed ${round + 1} of ${rounds}`);
    }
    await sender.acknowledge(200);
    await sender.stop();
    const outcome = await world.settle(sender.acknowledged, collector);
    return { note: `${rounds} rounds, ${sender.resent} resends`, ...outcome };
  },
};
