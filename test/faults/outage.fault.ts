import type { Fault } from './fault.ts';

/** MiB between the first and the last third of the outage that are no growth. */
const FLAT_MIB = 80;

export const fault: Fault = {
  name: 'ClickHouse away until the queue is full',
  run: async (world) => {
    const proxy = await world.proxy();
    const collector = await world.collector({
      dataDir: await world.dataDir(),
      through: proxy,
      flags: ['--queue-max-mib', '12'],
    });
    proxy.mode = { kind: 'refuse' };
    const sender = world.sender(() => collector, { perSecond: 2000, inputBytes: 1500 });
    // Sent again and again, they are refused again and again.
    await world.until('a full queue', () => sender.resent >= 200);
    const full = sender.acknowledged.failures.size;
    world.say(`full at ${full} failures`);
    const memory = growth(collector.memory);
    proxy.mode = { kind: 'pass' };
    await sender.acknowledge(500);
    await sender.stop();
    const outcome = await world.settle(sender.acknowledged, collector);
    if (memory > FLAT_MIB) throw new Error(`memory grew by ${memory} MiB in the outage`);
    const note = `503 and UNAVAILABLE at ${full} failures, ready again by itself; memory ${memory >= 0 ? '+' : ''}${memory} MiB from the first to the last third`;
    return { ...outcome, note: [note, outcome.note].filter(Boolean).join('; ') };
  },
};

function growth(samples: readonly number[]): number {
  const third = Math.ceil(samples.length / 3);
  const mean = (part: readonly number[]) => part.reduce((sum, mib) => sum + mib, 0) / part.length;
  return Math.round(mean(samples.slice(-third)) - mean(samples.slice(0, third)));
}
