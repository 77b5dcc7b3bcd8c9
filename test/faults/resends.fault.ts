import type { Fault } from './fault.ts';

export const fault: Fault = {
  name: 'every request sent three times at once, over HTTP and gRPC',
  run: async (world) => {
    const dataDir = await world.dataDir();
    let collector = await world.collector({ dataDir });
    const sender = world.sender(() => collector, { copies: 3 });
    await sender.acknowledge(600 * world.rounds(1));
    await collector.end('SIGKILL');
    collector = await world.collector({ dataDir });
    await sender.acknowledge(600 * world.rounds(1));
    await sender.stop();
    return world.settle(sender.acknowledged, collector);
  },
};
