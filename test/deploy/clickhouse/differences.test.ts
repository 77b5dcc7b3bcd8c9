// Servers of one cluster that differ: answers as ClickHouse gives them, of other versions and with other clocks.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { differencesOf } from '../../../deploy/clickhouse/cluster/differences.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serverOf(version: string, aheadMs = 0): Promise<string> {
  const server = createServer((request, response) => {
    const row = { version, now: `${Date.now() + aheadMs}` };
    request.resume().once('end', () => response.end(`${JSON.stringify(row)}\n`));
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const linesOf = (url: string[]) => differencesOf({ url, username: 'u', password: '' });

test('patches of one version and clocks that agree are no difference, nor is one that is away', async () => {
  const urls = [await serverOf('26.7.2.1'), await serverOf('26.7.4.9', 800), 'http://127.0.0.1:1'];
  expect(await linesOf(urls)).toEqual([]);
});

test('versions and clocks are named with their addresses', async () => {
  const urls = [await serverOf('26.7.2.1'), await serverOf('25.8.1.1', -3_600_000)];
  expect(await linesOf(urls)).toEqual([
    `the servers are of different versions, which is meant for an upgrade only: 26.7.2.1 at ${urls[0]}, 25.8.1.1 at ${urls[1]}`,
    `the clock of ${urls[1]} is 3600 s behind this machine's: retention and rates use it`,
  ]);
});
