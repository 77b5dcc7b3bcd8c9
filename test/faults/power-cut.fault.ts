import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Fault, NotHere, type Outcome } from './fault.ts';
import { compileWriteLog, filesAfter, readWriteLog } from './power-cut.ts';
import type { Acknowledged, Sender } from './sender.ts';

export const fault: Fault = {
  name: 'power cut: unsynced writes of the queue lost or torn',
  run: async (world) => {
    const dataDir = await world.dataDir();
    const library = join(dataDir, 'write-log.so');
    const log = join(dataDir, 'writes');
    const reason = compileWriteLog(library);
    if (reason !== undefined) throw new NotHere(reason);

    const proxy = await world.proxy();
    const recorded = await world.collector({
      dataDir,
      through: proxy,
      env: { LD_PRELOAD: library, FAULTLINE_WRITE_LOG: log },
    });
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

    const steps = readWriteLog(log);
    const candidates = steps.flatMap(({ time }, index) => (time > from ? [index] : []));
    if (candidates.length < 100) throw new Error('the writes were not recorded');
    const total: Outcome = { acknowledged: 0, found: 0, lost: 0, doubled: 0 };
    const notes: string[] = [];
    for (let round = 0; round < world.rounds(3); round++) {
      const last = candidates[world.random.int(0, candidates.length)]!;
      const done = steps.slice(0, last + 1);
      const survivor = await world.dataDir();
      await mkdir(join(survivor, 'queue'));
      for (const [name, bytes] of filesAfter(done, world.random)) {
        await writeFile(join(survivor, 'queue', name), bytes);
      }
      await world.server.empty();
      const collector = await world.collector({ dataDir: survivor });
      for (const complaint of ['is damaged', 'cannot be read']) {
        if (collector.said(complaint)) throw new Error(`after step ${last} it ${complaint}`);
      }
      // Nothing is written between two steps, so what was acknowledged there counts too.
      const acknowledged = acknowledgedBefore(sender, steps[last + 1]?.time);
      const outcome = await world.settle(acknowledged, collector);
      for (const key of ['acknowledged', 'found', 'lost', 'doubled'] as const) {
        total[key] += outcome[key];
      }
      world.say(
        `cut after step ${last} of ${steps.length}: ${outcome.found} of ${outcome.acknowledged}`,
      );
    }
    notes.unshift(`${world.rounds(3)} cuts among ${candidates.length} recorded writes and syncs`);
    notes.push("of the queue's files only: ClickHouse's own files are not cut");
    return { ...total, note: notes.join('; ') };
  },
};

/** Only failures are timed; what else was acknowledged is left out. */
function acknowledgedBefore({ times }: Sender, time: bigint | undefined): Acknowledged {
  const failures = [...times].filter(([, at]) => time === undefined || at < time);
  return {
    failures: new Set(failures.map(([id]) => id)),
    spans: new Set(),
    runs: new Set(),
    sessions: new Set(),
  };
}
