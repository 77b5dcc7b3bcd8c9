// Two collectors and two query services over three shards: any of them is killed or cut off, again and again,
// while every request is sent to both collectors; at the end everything is sent once more.
import { setTimeout as wait } from 'node:timers/promises';
import { createClient, type History } from '../../query/index.ts';
import { Shards } from '../support/shards.ts';
import type { Collector } from './collector.ts';
import { count, type Fault } from './fault.ts';
import { makeRequest, type Request } from './requests.ts';
import type { World } from './world.ts';

/** How long something is cut off or dead, in milliseconds, at most. */
const AWAY_MS = 2_000;
const COUNTED = {
  failures: 'SELECT count() AS n FROM failures FINAL',
  node_attempts: 'SELECT count() AS n FROM node_attempts FINAL',
  graph_runs: 'SELECT count() AS n FROM graph_runs FINAL',
};

interface Parts {
  shards: Shards;
  collectors: Collector[];
  queries: Collector[];
  /** Starts one again on its folder. */
  startCollector(index: number): Promise<Collector>;
  startQuery(index: number): Promise<Collector>;
}

async function startParts(world: World, shards: Shards): Promise<Parts> {
  const { username, password } = shards.writer;
  const [url] = shards.urls;
  const clickhouse = { url: url!, username, password };
  const folders = await Promise.all([1, 2, 3, 4].map(() => world.dataDir()));
  const start = (dataDir: string, flags: string[]) =>
    world.collector({ dataDir, clickhouse, flags: [...flags, ...shards.flags] });
  const startCollector = (index: number) => start(folders[index]!, ['--role', 'collector']);
  const startQuery = (index: number) => start(folders[2 + index]!, ['--role', 'query']);
  return {
    shards,
    startCollector,
    startQuery,
    collectors: await Promise.all([0, 1].map(startCollector)),
    queries: await Promise.all([0, 1].map(startQuery)),
  };
}

/** Ways to break one thing, each well again when it resolves. */
function waysToBreak(world: World, parts: Parts): (() => Promise<string>)[] {
  const { random } = world;
  const away = () => wait(random.int(100, AWAY_MS));
  const index = random.int(0, 2);
  const shard = random.int(0, 3);
  return random.shuffled([
    async () => {
      await parts.shards.kill(shard);
      await away();
      await parts.shards.restart(shard);
      return `shard ${shard + 1} killed`;
    },
    async () => {
      const { pid } = parts.shards.engines[shard]!;
      process.kill(pid, 'SIGSTOP');
      await away();
      process.kill(pid, 'SIGCONT');
      return `shard ${shard + 1} cut off`;
    },
    async () => {
      await parts.collectors[index]!.end('SIGKILL');
      await away();
      parts.collectors[index] = await parts.startCollector(index);
      return `collector ${index + 1} killed`;
    },
    async () => {
      await parts.collectors[index]!.end('SIGKILL');
      await parts.shards.kill(shard);
      await away();
      await parts.shards.restart(shard);
      parts.collectors[index] = await parts.startCollector(index);
      return `collector ${index + 1} and shard ${shard + 1} killed`;
    },
    async () => {
      await parts.queries[index]!.end('SIGKILL');
      parts.queries[index] = await parts.startQuery(index);
      return `query service ${index + 1} killed`;
    },
  ]);
}

/** @throws unless both services count the same */
async function countsOf(parts: Parts): Promise<string> {
  const ask = async (history: History): Promise<string> => {
    const counts = await Promise.all(
      Object.entries(COUNTED).map(async ([table, query]) => {
        const { rows } = await history.sql(query);
        return `${rows[0]!.n} ${table}`;
      }),
    );
    await history.close();
    return counts.join(', ');
  };
  const [one, two] = await Promise.all(
    parts.queries.map(({ query }) => ask(createClient({ url: query }))),
  );
  if (one !== two) throw new Error(`one query service counts ${one}, the other ${two}`);
  return one!;
}

export const fault: Fault = {
  name: 'three shards and two of everything: any killed or cut off, everything sent again',
  byHand: true,
  run: async (world) => {
    const shards = await Shards.start();
    try {
      const parts = await startParts(world, shards);
      const requests = Array.from({ length: world.rounds(4) * 100 }, () =>
        makeRequest({ agent: `agent-${world.random.int(1, 21)}` }),
      );
      const collected = (): Request[] => [...requests];
      // Each request goes to both collectors.
      const senders = [0, 1].map((index) =>
        world.sender(() => parts.collectors[index]!, { requests: collected(), perSecond: 100 }),
      );
      const rounds = world.rounds(5);
      let ways = waysToBreak(world, parts);
      for (let round = 1; round <= rounds; round++) {
        if (ways.length === 0) ways = waysToBreak(world, parts);
        world.say(`${round} of ${rounds}: ${await ways.pop()!()}`);
      }
      await Promise.all(senders.map((sender) => sender.ended()));
      const again = [0, 1].map((index) =>
        world.sender(() => parts.collectors[1 - index]!, { requests: collected(), copies: 2 }),
      );
      await Promise.all(again.map((sender) => sender.ended()));
      world.say('everything was sent again');
      for (const collector of parts.collectors) await world.terminate(collector);
      const outcome = await count(shards, senders[0]!.acknowledged);
      const counts = await countsOf(parts);
      const resent = senders.reduce((sum, sender) => sum + sender.resent, 0);
      return {
        ...outcome,
        note: [`${rounds} rounds, ${resent} resends, both services: ${counts}`, outcome.note]
          .filter(Boolean)
          .join('; '),
      };
    } finally {
      await shards.stop();
    }
  },
};
