import { spawnSync } from 'node:child_process';
import type { Fault } from './fault.ts';

/** A file may not grow beyond this, which fails a write as a full disk does. */
const LIMIT_KIB = 3000;

export const fault: Fault = {
  name: 'disk full under the queue',
  run: async (world) => {
    const dataDir = await world.dataDir();
    const proxy = await world.proxy();
    let collector = await world.collector({ dataDir, through: proxy, fileLimitKib: LIMIT_KIB });
    proxy.mode = { kind: 'refuse' };
    const sender = world.sender(() => collector);
    const isFull = async () => !(await collector.isReady());
    await world.until('a full disk', isFull);
    if (!collector.said('the queue cannot be written')) throw new Error('it did not say so');
    const atFull = sender.acknowledged.failures.size;
    world.say(`full at ${atFull} failures`);

    // ClickHouse comes back while the disk stays full: the queue empties and takes rows again.
    proxy.mode = { kind: 'pass' };
    await sender.acknowledge(500);
    world.say('taking rows again, on the same disk');

    // Killed while it is full.
    proxy.mode = { kind: 'refuse' };
    await world.until('a full disk', isFull);
    await collector.end('SIGKILL');
    proxy.mode = { kind: 'pass' };
    collector = await world.collector({ dataDir, through: proxy, fileLimitKib: LIMIT_KIB });
    await sender.acknowledge(500);
    world.say('killed and started on the full disk');

    // Room is made while it runs.
    proxy.mode = { kind: 'refuse' };
    await world.until('a full disk', isFull);
    const lifted = lift(collector.pid);
    if (lifted) await sender.acknowledge(500);
    proxy.mode = { kind: 'pass' };
    await sender.stop();
    const outcome = await world.settle(sender.acknowledged, collector);
    const note = `a limit of ${LIMIT_KIB} KiB on its files; full at ${atFull} failures, said so, three times back`;
    return { note: lifted ? note : `${note}; no prlimit here, so the limit stayed`, ...outcome };
  },
};

/** Lets a running process write as much as it likes; false where that cannot be done. */
function lift(pid: number): boolean {
  return spawnSync('prlimit', ['--pid', String(pid), '--fsize=unlimited:']).status === 0;
}
