import type { Fault } from './fault.ts';

export const fault: Fault = {
  name: 'SIGTERM under load, ClickHouse answering and hanging',
  run: async (world) => {
    const dataDir = await world.dataDir();
    const proxy = await world.proxy();
    let collector = await world.collector({ dataDir, through: proxy });
    const sender = world.sender(() => collector);
    for (const mode of ['pass', 'hold'] as const) {
      await sender.acknowledge(300);
      proxy.mode = { kind: mode };
      await sender.acknowledge(world.random.int(100, 1000));
      const started = performance.now();
      await world.terminate(collector);
      const seconds = Math.round((performance.now() - started) / 1000);
      const left = collector.said('rows stay in the queue for the next start');
      world.say(`${mode}: ended with 0 after ${seconds} s, ${left ? 'with' : 'without'} rows left`);
      if (left !== (mode === 'hold')) throw new Error(`${mode}: rows left is ${left}`);
      proxy.mode = { kind: 'pass' };
      proxy.reset();
      collector = await world.collector({ dataDir, through: proxy });
    }
    await sender.acknowledge(200);
    await sender.stop();
    const outcome = await world.settle(sender.acknowledged, collector);
    return { note: 'exit code 0 each time; what was left came with the next start', ...outcome };
  },
};
