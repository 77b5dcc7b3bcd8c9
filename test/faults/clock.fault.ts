import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Fault } from './fault.ts';
import { makeRequest, TOLD } from './requests.ts';

const HOUR_MS = 3_600_000;
const JUMPS_HOURS = [5, -30, 200, -1, 0];

export const fault: Fault = {
  name: 'clock jumps by hours and days, back and forth',
  run: async (world) => {
    const dataDir = await world.dataDir();
    const file = join(dataDir, 'clock');
    await writeFile(file, '0');
    const preload = fileURLToPath(new URL('./clock.mjs', import.meta.url));
    const env = { NODE_OPTIONS: `--import=${preload}`, FAULTLINE_CLOCK_FILE: file };
    let collector = await world.collector({ dataDir, env });
    const timed = world.sender(() => collector, { agent: 'timed', perSecond: 500 });
    // Spans without a time get the collector's, and are sent again after every jump.
    const requests = Array.from({ length: 40 }, () =>
      makeRequest({ agent: 'timeless', timed: false }),
    );
    const resend = async () => {
      const sender = world.sender(() => collector, { requests: [...requests] });
      await sender.ended();
      return sender.acknowledged;
    };
    await resend();
    for (const hours of JUMPS_HOURS) {
      await writeFile(`${file}.new`, String(hours * HOUR_MS));
      await rename(`${file}.new`, file);
      await timed.acknowledge(100);
      await resend();
      world.say(`${hours >= 0 ? '+' : ''}${hours} h`);
    }
    // The first time is remembered on disk.
    await collector.end('SIGKILL');
    collector = await world.collector({ dataDir, env });
    const acknowledged = await resend();
    await timed.acknowledge(100);
    await timed.stop();
    for (const table of TOLD) {
      for (const id of timed.acknowledged[table]) acknowledged[table].add(id);
    }
    const outcome = await world.settle(acknowledged, collector);
    const note = `${requests.length} requests without times sent ${JUMPS_HOURS.length + 2} times: ${JUMPS_HOURS.join(', ')} h, and a restart`;
    return { note, ...outcome };
  },
};
