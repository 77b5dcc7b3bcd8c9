// The rows of the crash table: ways in which a process ends, or its collector goes away.
import { setTimeout as wait } from 'node:timers/promises';
import type { AgentOptions, Counted, CrashWorld, Ended } from './world.ts';

export interface Row {
  name: string;
  /** Whether it is run by `npm test` too. */
  fast: boolean;
  /** Does it, and throws if the process ended in another way than it would have without us. */
  run(world: CrashWorld, options: RowOptions): Promise<Outcome>;
}

export interface RowOptions {
  /** How long a collector that goes away stays away, in milliseconds. */
  outageMs: number;
}

/** What was counted when the process had ended, and after the next one of its service. */
export interface Outcome extends Counted {
  /** How many had arrived before a next process started. */
  atOnce: number;
}

const FAILED_CODE = 1;

export const rows: readonly Row[] = [
  ends('natural exit', 'natural', ({ code }) => code === 0, true),
  ends('uncaught throw', 'throw', diedOfError, true),
  ends('unhandled rejection', 'rejection', diedOfError, true),
  ends('process.exit', 'exit', ({ code }) => code === 3, true),
  isKilled('SIGTERM', true),
  isKilled('SIGKILL', true),
  // Node aborts, on some systems with a code of the shell's form.
  ends(
    'out of memory',
    'memory',
    ({ code, signal }) => signal === 'SIGABRT' || code === 134,
    false,
    {
      nodeOptions: ['--max-old-space-size=64'],
    },
  ),
  ends('worker thread that throws', 'worker', diedOfError, false),
  ends('child process that exits', 'child', ({ code }) => code === 0, false),
  {
    name: 'collector down for a while',
    fast: false,
    run: (world, { outageMs }) => isAway(world, 'SIGTERM', outageMs),
  },
  {
    name: 'collector killed and restarted',
    fast: false,
    run: (world) => isAway(world, 'SIGKILL', 0),
  },
  {
    name: 'SIGKILL while the collector is down',
    fast: true,
    run: async (world) => {
      await world.endCollector('SIGTERM');
      const agent = world.agent('signal');
      await agent.ready;
      agent.process.kill('SIGKILL');
      await agent.ended;
      await world.startCollector();
      return await closed(world);
    },
  },
];

function diedOfError({ code, stderr }: Ended): boolean {
  return code === FAILED_CODE && /^RangeError.*: nobody caught this$/m.test(stderr);
}

function ends(
  name: string,
  way: string,
  asItShould: (ended: Ended) => boolean,
  fast: boolean,
  options: AgentOptions = {},
): Row {
  return {
    name,
    fast,
    run: async (world) => {
      const ended = await world.agent(way, options).ended;
      if (!asItShould(ended)) throw new Error(`it ended otherwise: ${JSON.stringify(ended)}`);
      return await closed(world);
    },
  };
}

function isKilled(signal: NodeJS.Signals, fast: boolean): Row {
  return {
    name: signal,
    fast,
    run: async (world) => {
      const agent = world.agent('signal');
      await agent.ready;
      // In the middle of its work, with some failures sent and some not.
      const enough = world.recorded + Math.floor(Math.random() * 500);
      await world.until('some failures more', () => world.recorded > enough);
      agent.process.kill(signal);
      const ended = await agent.ended;
      if (ended.signal !== signal) throw new Error(`it ended otherwise: ${JSON.stringify(ended)}`);
      return await closed(world);
    },
  };
}

async function isAway(
  world: CrashWorld,
  signal: NodeJS.Signals,
  outageMs: number,
): Promise<Outcome> {
  const agent = world.agent('steady');
  await agent.ready;
  await world.until('failures are recorded', () => world.recorded > 50);
  await world.endCollector(signal);
  const before = world.recorded;
  await wait(outageMs);
  await world.until('failures are recorded without it', () => world.recorded > before + 50);
  await world.startCollector();
  const after = world.recorded;
  await world.until('failures are recorded with it again', () => world.recorded > after + 50);
  agent.process.stdin?.end();
  const ended = await agent.ended;
  if (ended.code !== 0) throw new Error(`it ended otherwise: ${JSON.stringify(ended)}`);
  return await closed(world);
}

async function closed(world: CrashWorld): Promise<Outcome> {
  const { arrived } = await world.count();
  await world.nextStart();
  return { ...(await world.settled()), atOnce: arrived };
}
