import type { Fault } from './fault.ts';
import { makeRunRequests } from './requests.ts';

export const fault: Fault = {
  name: 'batches reordered and duplicated, ends of runs before their starts',
  run: async (world) => {
    const collector = await world.collector({ dataDir: await world.dataDir() });
    const runs = Array.from({ length: 150 * world.rounds(1) }, () =>
      makeRunRequests({ agent: 'a' }),
    );
    const all = runs.flat();
    const again = all.filter(() => world.random.next() < 0.5);
    const requests = world.random.shuffled([...all, ...again]);
    const note = `${runs.length} runs of three batches each, ${again.length} batches twice`;
    const sender = world.sender(() => collector, { requests });
    await sender.ended();
    return { note, ...(await world.settle(sender.acknowledged, collector)) };
  },
};
