import { countEmbedded, emptied } from './embedded.ts';
import type { Fault } from './fault.ts';

/** Room that is left on the disk, in MiB: some, then enough. */
const LITTLE_MIB = 6;
const ENOUGH_MIB = 600;

export const fault: Fault = {
  name: 'disk full under engine and queue',
  run: async (world) => {
    const disk = await world.disk();
    let collector = await world.embedded(disk.folder);
    const sender = world.sender(() => collector, { inputBytes: 8000 });
    const isFull = async () => !(await collector.isReady());
    await sender.acknowledge(300);
    disk.leave(LITTLE_MIB);
    await world.until('a full disk', isFull);
    const atFull = sender.acknowledged.failures.size;
    world.say(`full at ${atFull} failures`);
    if (!collector.said('the queue cannot be written')) throw new Error('it did not say so');

    // It starts on the full disk, or says in one line why not.
    await collector.end('SIGKILL');
    const again = await world.embedded(disk.folder).catch((error: Error) => error);
    if (again instanceof Error && !/No space left|not enough space|ENOSPC/i.test(again.message)) {
      throw again;
    }
    const started = again instanceof Error ? `refused: ${again.message}` : 'started';
    world.say(`killed, and on the full disk ${started}`);
    disk.leave(ENOUGH_MIB);
    collector = again instanceof Error ? await world.embedded(disk.folder) : again;
    await sender.acknowledge(300);
    await sender.stop();
    await emptied(world, collector);
    await world.terminate(collector);
    const note = `full at ${atFull} failures; on the full disk ${started}`;
    return { note, ...(await countEmbedded(disk.folder, sender.acknowledged)) };
  },
};
