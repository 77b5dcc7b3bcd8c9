import type { Collector } from './collector.ts';
import type { Fault } from './fault.ts';
import { count } from './fault.ts';
import { Server } from './server.ts';

export const fault: Fault = {
  name: 'embedded engine killed under `faultline start`',
  run: async (world) => {
    const dataDir = await world.dataDir();
    const collector = await world.embedded(dataDir);
    const sender = world.sender(() => collector);
    const rounds = world.rounds(4);
    for (let round = 0; round < rounds; round++) {
      await sender.acknowledge(world.random.int(1, 1000));
      const [engine] = collector.children();
      process.kill(engine!, 'SIGKILL');
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
    await world.until('the queue is empty', async () => (await waiting(collector)) === 0);
    await world.terminate(collector);
    const server = await Server.open(dataDir);
    try {
      const outcome = await count(server, sender.acknowledged);
      return { note: `${rounds} kills, each followed by a start of its own`, ...outcome };
    } finally {
      await server.stop();
    }
  },
};

/** Entries of the queue that ClickHouse has not confirmed. */
async function waiting({ otlpHttp }: Collector): Promise<number> {
  const text = await (await fetch(`${otlpHttp}/metrics`)).text();
  return Number(/^faultline_queue_entries (\d+)/m.exec(text)?.[1]);
}
