import type { Fault } from './fault.ts';

export const fault: Fault = {
  name: 'ClickHouse slow, hanging, cut off before and after it took the rows',
  run: async (world) => {
    const proxy = await world.proxy();
    const collector = await world.collector({ dataDir: await world.dataDir(), through: proxy });
    const sender = world.sender(() => collector);
    const done: string[] = [];
    for (const kind of ['slow', 'cut', 'mute', 'hold', 'refuse'] as const) {
      for (let round = 0; round < world.rounds(1); round++) {
        await sender.acknowledge(world.random.int(50, 500));
        const before = proxy.disturbed;
        proxy.mode = { kind };
        await world.until(
          `an insert that is ${kind}`,
          () => proxy.disturbed >= before + 2 || (kind === 'hold' && proxy.disturbed > before),
        );
        await sender.acknowledge(200);
        const passed = proxy.passed;
        proxy.mode = { kind: 'pass' };
        if (kind === 'hold') proxy.reset();
        await world.until('an insert that passes', () => proxy.passed > passed);
      }
      done.push(kind);
      world.say(kind);
    }
    await sender.stop();
    const outcome = await world.settle(sender.acknowledged, collector);
    return { note: `${done.join(', ')}; ${proxy.disturbed} inserts disturbed`, ...outcome };
  },
};
