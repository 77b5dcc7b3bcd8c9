import { cp, open, readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { count, type Fault, type Outcome } from './fault.ts';
import type { Random } from './random.ts';

/** What is done to a file of the queue while nobody has it open, and what has to be said then. */
interface Break {
  name: string;
  file: string;
  harm: (file: string, random: Random) => Promise<void>;
  said: string;
}

/** The last append before a kill cannot be told from one that was cut off; this is more. */
const SEVERAL_APPENDS = 80_000;
const PAGE = 4096;

const BREAKS: Break[] = [
  {
    name: 'entries cut to a third',
    file: 'entries-',
    harm: async (file) => truncate(file, Math.floor((await stat(file)).size / 3)),
    said: 'is damaged',
  },
  {
    name: 'entries cut inside a record',
    file: 'entries-',
    harm: async (file) => truncate(file, (await stat(file)).size - SEVERAL_APPENDS),
    said: 'is damaged',
  },
  {
    name: 'half of the entries overwritten',
    file: 'entries-',
    harm: scribbleHalf,
    said: 'is damaged',
  },
  {
    name: 'both heads overwritten',
    file: 'head',
    harm: (file, random) => scribble(file, random, [0, PAGE]),
    said: 'stood cannot be read',
  },
];

export const fault: Fault = {
  name: 'torn or overwritten queue files',
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

    const total: Outcome = { acknowledged: 0, found: 0, lost: 0, doubled: 0 };
    const notes: string[] = [];
    for (const { name, file, harm, said } of BREAKS) {
      await world.server.empty();
      const harmed = await world.dataDir();
      const queue = join(harmed, 'queue');
      await cp(join(dataDir, 'queue'), queue, { recursive: true });
      await rm(join(queue, 'owner'));
      await harm(
        join(queue, (await readdir(queue)).find((entry) => entry.startsWith(file))!),
        world.random,
      );
      const after = await world.collector({ dataDir: harmed });
      if (!after.said(said)) throw new Error(`${name}: it did not say so`);
      const aside = (await readdir(harmed)).some((entry) => entry.startsWith('queue-broken-'));
      if (aside !== (file === 'entries-')) throw new Error(`${name}: put aside is ${aside}`);
      const later = world.sender(() => after, { agent: 'later' });
      await later.acknowledge(50);
      await later.stop();
      const outcome = await world.settle(later.acknowledged, after);
      for (const key of ['acknowledged', 'found', 'lost', 'doubled'] as const) {
        total[key] += outcome[key];
      }
      const { found, doubled, acknowledged } = await count(world.server, waiting.acknowledged);
      if (file === 'head' && found < acknowledged) throw new Error(`${name}: entries are lost`);
      total.doubled += doubled;
      notes.push(`${name}: ${found} of ${acknowledged} could still be read`);
      world.say(notes.at(-1)!);
    }
    return { ...total, note: `${notes.join(', ')}; said so each time and went on` };
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

/** All but the first page. */
async function scribbleHalf(file: string, random: Random): Promise<void> {
  const pages = Math.floor((await stat(file)).size / PAGE);
  const offsets = Array.from({ length: pages }, (_, page) => page * PAGE);
  await scribble(
    file,
    random,
    offsets.filter((offset) => offset > PAGE && random.next() < 0.5),
  );
}
