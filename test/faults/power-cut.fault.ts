import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { filesAfter } from './disk.ts';
import type { Fault, Outcome } from './fault.ts';
import { acknowledgedBefore, Recorder } from './power-cut.ts';

export const fault: Fault = {
  name: 'power cut: unsynced writes of the queue lost or torn',
  run: async (world) => {
    const dataDir = await world.dataDir();
    const recorder = new Recorder(dataDir, await world.dataDir());

    const proxy = await world.proxy();
    const recorded = await world.collector({ dataDir, through: proxy, env: recorder.env });
    // What comes and goes first leaves a log that begins with what nobody waits for.
    const first = world.sender(() => recorded);
    await first.acknowledge(200);
    await first.stop();
    await world.until('an empty queue', async () => {
      const [row] = await world.server.rows<{ n: string }>(
        'SELECT count() AS n FROM failures FINAL',
      );
      return Number(row!.n) >= first.acknowledged.failures.size;
    });
    proxy.mode = { kind: 'refuse' };
    const from = process.hrtime.bigint();
    const sender = world.sender(() => recorded);
    await sender.acknowledge(600);
    await recorded.end('SIGKILL');
    await sender.stop();
    proxy.mode = { kind: 'pass' };

    const steps = recorder.steps();
    const candidates = steps.flatMap(({ time }, index) => (time > from ? [index] : []));
    if (candidates.length < 100) throw new Error('the writes were not recorded');
    const total: Outcome = { acknowledged: 0, found: 0, lost: 0, doubled: 0 };
    for (let round = 0; round < world.rounds(3); round++) {
      const last = candidates[world.random.int(0, candidates.length)]!;
      const done = steps.slice(0, last + 1);
      const survivor = await world.dataDir();
      await mkdir(join(survivor, 'queue'));
      for (const [name, bytes] of filesAfter(done, 'queue', world.random)) {
        await writeFile(join(survivor, 'queue', name), bytes);
      }
      await world.server.empty();
      const collector = await world.collector({ dataDir: survivor });
      for (const complaint of ['is damaged', 'cannot be read']) {
        if (collector.said(complaint)) throw new Error(`after step ${last} it ${complaint}`);
      }
      const acknowledged = acknowledgedBefore(sender, steps[last + 1]?.time);
      const outcome = await world.settle(acknowledged, collector);
      for (const key of ['acknowledged', 'found', 'lost', 'doubled'] as const) {
        total[key] += outcome[key];
      }
      world.say(
        `cut after step ${last} of ${steps.length}: ${outcome.found} of ${outcome.acknowledged}`,
      );
    }
    const note = `${world.rounds(3)} cuts among ${candidates.length} recorded writes and syncs`;
    return { ...total, note };
  },
};
