import { copyFile, mkdir, open, readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { count, type Fault } from './fault.ts';
import type { Random } from './random.ts';
import { TOLD } from './requests.ts';

type Break = (file: string, random: Random) => Promise<void>;

const PAGE = 4096;

/** What is done to the queue's file while nobody has it open. */
const BREAKS: [string, Break][] = [
  ['cut to a third', async (file) => truncate(file, Math.floor((await stat(file)).size / 3))],
  ['cut inside a page', async (file) => truncate(file, (await stat(file)).size - PAGE - 100)],
  ['both heads overwritten', (file, random) => scribble(file, random, [0, PAGE])],
  ['half of it overwritten', scribbleHalf],
];

export const fault: Fault = {
  name: 'torn or overwritten queue file',
  run: async (world) => {
    const dataDir = await world.dataDir();
    const proxy = await world.proxy();
    const before = await world.collector({ dataDir, through: proxy });
    const stored = world.sender(() => before, { agent: 'stored' });
    await stored.acknowledge(100);
    await stored.stop();
    const isStored = async () => (await count(world.server, stored.acknowledged)).lost === 0;
    await world.until('all stored', isStored);
    proxy.mode = { kind: 'refuse' };
    const waiting = world.sender(() => before, { agent: 'waiting' });
    await waiting.acknowledge(800);
    await waiting.stop();
    await before.end('SIGKILL');
    proxy.mode = { kind: 'pass' };

    const kept = stored.acknowledged;
    const notes: string[] = [];
    for (const [name, harm] of BREAKS) {
      const harmed = await world.dataDir();
      const file = join(harmed, 'queue', 'data.mdb');
      await mkdir(join(harmed, 'queue'));
      await copyFile(join(dataDir, 'queue', 'data.mdb'), file);
      await harm(file, world.random);
      const after = await world.collector({ dataDir: harmed });
      const aside = (await readdir(harmed)).some((entry) => entry.startsWith('queue-broken-'));
      if (!aside || !after.said('cannot be read')) {
        throw new Error(
          `${name}: moved aside is ${aside}, said so is ${after.said('cannot be read')}`,
        );
      }
      const later = world.sender(() => after, { agent: 'later' });
      await later.acknowledge(50);
      await later.stop();
      for (const table of TOLD) for (const id of later.acknowledged[table]) kept[table].add(id);
      await world.terminate(after);
      notes.push(name);
      world.say(`${name}: moved aside and said so`);
    }
    const last = await world.collector({ dataDir: await world.dataDir() });
    const outcome = await world.settle(kept, last);
    const { found } = await count(world.server, waiting.acknowledged);
    const note =
      `${notes.join(', ')}: each time moved aside, said so, went on empty; ` +
      `${waiting.acknowledged.failures.size} failures were only in the destroyed file and are not ` +
      `counted as acknowledged (${found} of them found)`;
    return { ...outcome, note: [note, outcome.note].filter(Boolean).join('; ') };
  },
};

/** Random bytes over the pages that begin at these offsets. */
async function scribble(file: string, random: Random, offsets: number[]): Promise<void> {
  const handle = await open(file, 'r+');
  for (const offset of offsets) {
    const noise = Buffer.from(Array.from({ length: PAGE }, () => random.int(0, 256)));
    await handle.write(noise, 0, PAGE, offset);
  }
  await handle.close();
}

async function scribbleHalf(file: string, random: Random): Promise<void> {
  const pages = Math.floor((await stat(file)).size / PAGE);
  const offsets = Array.from({ length: pages }, (_, page) => page * PAGE);
  await scribble(
    file,
    random,
    offsets.filter((offset) => offset > PAGE && random.next() < 0.5),
  );
}
