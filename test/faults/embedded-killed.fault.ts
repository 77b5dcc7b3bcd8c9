import type { Fault } from './fault.ts';
import { count } from './fault.ts';
import { Server } from './server.ts';

export const fault: Fault = {
  name: 'embedded ClickHouse killed under `faultline start`',
  run: async (world) => {
    const dataDir = await world.dataDir();
    let collector = await world.embedded(dataDir);
    const sender = world.sender(() => collector);
    const rounds = world.rounds(2);
    for (let round = 0; round < rounds; round++) {
      await sender.acknowledge(world.random.int(1, 1000));
      const [engine] = collector.children();
      process.kill(engine!, 'SIGKILL');
      // Whoever supervises it starts it again.
      const code = await world.within('the end without the engine', collector.ended);
      if (code !== 1) throw new Error(`without its engine it ended with ${code}, not with 1`);
      if (!collector.said('embedded ClickHouse ended')) throw new Error('it did not say why');
      collector = await world.embedded(dataDir);
      world.say(`killed ${round + 1} of ${rounds}`);
    }
    await sender.acknowledge(200);
    await sender.stop();
    await world.terminate(collector);
    const server = await Server.open(dataDir);
    try {
      const outcome = await count(server, sender.acknowledged);
      return { note: `${rounds} kills, each ends the process with 1 and a reason`, ...outcome };
    } finally {
      await server.stop();
    }
  },
};
