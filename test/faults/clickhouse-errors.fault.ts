import type { Fault } from './fault.ts';

/** What ClickHouse says when it does not take rows now: code, name, HTTP status. */
const ERRORS = [
  [60, 'UNKNOWN_TABLE', 404],
  [159, 'TIMEOUT_EXCEEDED', 500],
  [202, 'TOO_MANY_SIMULTANEOUS_QUERIES', 500],
  [210, 'NETWORK_ERROR', 500],
  [241, 'MEMORY_LIMIT_EXCEEDED', 500],
  [242, 'TABLE_IS_READ_ONLY', 500],
  [243, 'NOT_ENOUGH_SPACE', 500],
  [252, 'TOO_MANY_PARTS', 500],
  [394, 'QUERY_WAS_CANCELLED', 500],
  [497, 'ACCESS_DENIED', 403],
  [516, 'AUTHENTICATION_FAILED', 403],
  [999, 'KEEPER_EXCEPTION', 500],
] as const;

export const fault: Fault = {
  name: 'ClickHouse answers with errors: read-only, no space, no memory, and others',
  run: async (world) => {
    const proxy = await world.proxy();
    const collector = await world.collector({ dataDir: await world.dataDir(), through: proxy });
    const sender = world.sender(() => collector, { perSecond: 500 });
    for (const [code, name, status] of world.random.shuffled(ERRORS)) {
      await sender.acknowledge(world.random.int(1, 50));
      const landed = world.random.next() < 0.5;
      const { passed, disturbed } = proxy;
      proxy.mode = { kind: 'error', code, name, status, landed };
      await world.until(`an error ${code}`, () => proxy.disturbed >= disturbed + 2);
      proxy.mode = { kind: 'pass' };
      // A batch has an insert for each of several tables; the pauses are short again after a whole one.
      await world.until(`inserts after ${code}`, () => proxy.passed > passed + 3);
      world.say(`${name}${landed ? ', although the rows landed' : ''}`);
    }
    await sender.acknowledge(50);
    await sender.stop();
    const outcome = await world.settle(sender.acknowledged, collector);
    if (collector.said('ClickHouse refused rows')) throw new Error('rows became dead letters');
    const note = `${ERRORS.length} codes, ${proxy.disturbed} inserts; no dead letters, back by itself`;
    return { note, ...outcome };
  },
};
