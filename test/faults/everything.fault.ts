// Everything at once: two collectors over one ClickHouse, each killed, ended, stopped, on a full disk, its clock
// set, at any moment, while requests come in any order, some twice, to either.
import { setTimeout as wait } from 'node:timers/promises';
import { CollectorSide, EngineSide, type Side } from './everything.ts';
import { count, type Fault, NotHere, type Outcome } from './fault.ts';
import { TOLD } from './requests.ts';
import type { Acknowledged, Sender } from './sender.ts';
import { Traffic, timeless } from './traffic.ts';
import type { World } from './world.ts';

/** How long it goes on by hand, and in a run of all faults. */
const BY_HAND_S = 30 * 60;
const SHORT_S = 20;
/** Failures a second to each collector. */
const PER_SECOND = 100;
/** Between two things that happen to one process, in milliseconds. */
const PAUSE_MS = [500, 5_000] as const;
/** Milliseconds after which what is not there at the end never comes. */
const LATEST_MS = 240_000;

export const fault: Fault = {
  name: 'everything at once: two collectors and ClickHouse killed, disks full, clocks set, requests resent in any order',
  lastsMs: (world) => secondsOf(world) * 1000 + LATEST_MS,
  run: async (world) => {
    const disks = await threeDisks(world);
    const engine = await EngineSide.start(world, disks[0]!);
    try {
      return await everything(world, engine, disks);
    } finally {
      await engine.stop();
    }
  },
};

function secondsOf({ isNamed }: World): number {
  const asked = process.env.FAULTLINE_EVERYTHING_SECONDS;
  if (asked !== undefined) return Number(asked);
  return isNamed ? BY_HAND_S : SHORT_S;
}

/** Folders on disks of their own; on none without the right to mount some. */
async function threeDisks(world: World): Promise<{ folder: string; leave?(mib: number): void }[]> {
  const disks = [];
  for (let i = 0; i < 3; i++) {
    disks.push(
      await world.disk().catch(async (error) => {
        if (!(error instanceof NotHere)) throw error;
        if (i === 0) world.say(`no full disks: ${error.message}`);
        return { folder: await world.dataDir() };
      }),
    );
  }
  return disks;
}

async function everything(
  world: World,
  engine: EngineSide,
  disks: { folder: string; leave?(mib: number): void }[],
): Promise<Outcome> {
  const collectors = await Promise.all(
    disks.slice(1).map((disk, i) => CollectorSide.start(`collector ${i + 1}`, world, engine, disk)),
  );
  const traffic = new Traffic(world.random);
  const senders = collectors.flatMap((side) => [
    world.sender(() => side.collector, { next: () => traffic.next(), perSecond: PER_SECOND }),
    // The first time that a collector used for them counts, so they go to the same one again.
    world.sender(() => side.collector, {
      next: timeless(world.random),
      perSecond: PER_SECOND / 10,
    }),
  ]);
  const sides: Side[] = [engine, ...collectors];
  const end = performance.now() + secondsOf(world) * 1000;
  await Promise.all(sides.map((side) => disturb(world, side, end)));
  world.say('all is well again');
  await Promise.all(senders.map((sender) => sender.stop()));

  const acknowledged = union(senders);
  // What was acknowledged by one is sent to the other once more.
  const again = collectors.map(({ collector }) =>
    world.sender(() => collector, { requests: traffic.sent() }),
  );
  await Promise.all(again.map((sender) => sender.ended()));
  const latest = performance.now() + LATEST_MS / 2;
  while ((await count(engine, acknowledged)).lost > 0 && performance.now() < latest)
    await wait(1000);
  for (const side of collectors) await side.end('SIGTERM');
  const crashes = sides.flatMap((side) => side.crashes);
  if (crashes.length > 0) throw new Error(`crashed: ${crashes.join('; ')}`);
  const outcome = await count(engine, acknowledged);
  const did = sides.map((side) => `${side.name}: ${side.done()}`);
  const resent = senders.reduce((sum, sender) => sum + sender.resent, 0);
  const note = `${did.join('; ')}; ${resent} resends of what was not acknowledged, ${traffic.again} of what was`;
  return { ...outcome, note: [note, outcome.note].filter(Boolean).join('; ') };
}

async function disturb(world: World, side: Side, end: number): Promise<void> {
  let ways: string[] = [];
  while (performance.now() < end) {
    await wait(world.random.int(...PAUSE_MS));
    if (ways.length === 0) ways = world.random.shuffled(Object.keys(side.ways));
    const way = ways.pop()!;
    world.say(`${side.name}: ${way}`);
    await side.ways[way]!();
    side.count(way);
  }
}

function union(senders: readonly Sender[]): Acknowledged {
  const all: Acknowledged = {
    failures: new Set(),
    spans: new Set(),
    runs: new Set(),
    sessions: new Set(),
  };
  for (const { acknowledged } of senders) {
    for (const table of TOLD) for (const id of acknowledged[table]) all[table].add(id);
  }
  return all;
}
