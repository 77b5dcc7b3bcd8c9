import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import type { Fault } from './fault.ts';
import { TOLD } from './requests.ts';

const WANTED = 10_000;
/** Open files that this process and the collector need for other things. */
const OTHER_FILES = 500;

export const fault: Fault = {
  name: '10,000 connections: idle ones and slow ones',
  run: async (world) => {
    const collector = await world.collector({ dataDir: await world.dataDir() });
    const before = world.sender(() => collector, { agent: 'before', perSecond: 500 });
    await before.acknowledge(100);
    const many = Math.min(WANTED, mostFiles() - OTHER_FILES);
    const { hostname, port } = new URL(collector.otlpHttp);
    const sockets: Socket[] = [];
    for (let opened = 0; opened < many; opened += 250) {
      const more = Array.from({ length: Math.min(250, many - opened) }, () =>
        connect(Number(port), hostname).on('error', () => {}),
      );
      await Promise.all(
        more.map((socket) => Promise.race([once(socket, 'connect'), once(socket, 'close')])),
      );
      more.forEach((socket, index) => {
        // Half of them begin a request and do not end it.
        if (index % 2 === 0)
          socket.write('POST /v1/traces HTTP/1.1\r\nhost: localhost\r\nx-slow: ');
      });
      sockets.push(...more);
    }
    const open = () => sockets.filter(({ readyState }) => readyState === 'open').length;
    await before.acknowledge(200);
    const held = open();
    world.say(`${many} opened, ${held} of them held, senders from before still get through`);
    const after = world.sender(() => collector, { agent: 'after', perSecond: 500 });
    await world.until('new senders over HTTP and gRPC', () => after.ways.size === 4);
    world.say(`${open()} still held when new senders have got through`);
    await Promise.all([before.stop(), after.stop()]);
    for (const socket of sockets) socket.destroy();
    for (const table of TOLD) {
      for (const id of before.acknowledged[table]) after.acknowledged[table].add(id);
    }
    const outcome = await world.settle(after.acknowledged, collector);
    const note = `${many} opened, ${many - held} closed at once by the limit on connections, the others when they were too slow; new senders over HTTP got through after that, with ${after.resent} resends, over gRPC at once`;
    return { note, ...outcome };
  },
};

/** Node raises its own limit to the hard one when it starts. */
function mostFiles(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 4096);
  } catch {
    return 4096;
  }
}
