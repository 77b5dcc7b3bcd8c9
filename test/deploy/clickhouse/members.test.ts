// What a cluster is refused for that cannot be made of embedded engines: its keeper and macros, as ClickHouse's servers answer.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { KeeperAwayError, openCluster } from '../../../deploy/clickhouse/cluster/members.ts';
import { MigrationError } from '../../../deploy/clickhouse/migrate.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

interface Refusal {
  code: number;
  type: string;
  message: string;
}

const NO_KEEPER = {
  ...{ code: 60, type: 'UNKNOWN_TABLE' },
  message: 'Unknown table expression identifier system.zookeeper',
};
const members = (replicas: number, shards = 1) =>
  Array.from({ length: shards * replicas }, (_, at) => {
    const replica = (at % replicas) + 1;
    const shard = Math.floor(at / replicas) + 1;
    return { shard, replica, host: `ch-${replica}`, port: 9000 };
  });

/** A server of a cluster; what is not given works. */
async function serverOf(
  answers: { replicas?: number; shards?: number; keeper?: Refusal; macros?: Refusal } = {},
): Promise<string> {
  const server = createServer(async (request, response) => {
    const query = await text(request);
    const refusal = /system\.zookeeper/.test(query)
      ? answers.keeper
      : /getMacro/.test(query)
        ? answers.macros
        : undefined;
    if (refusal) {
      const { code, type, message } = refusal;
      response.writeHead(500, { 'x-clickhouse-exception-code': code });
      response.end(`Code: ${code}. DB::Exception: ${message}. (${type}) (version 26.7.2.1)`);
      return;
    }
    const rows = /system\.clusters/.test(query)
      ? members(answers.replicas ?? 1, answers.shards)
      : [{ name: '/' }];
    response.end(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const open = (url: string) => openCluster({ url, username: 'u', password: '' }, 'prod');

test('a keeper that answers runs statements for all', async () => {
  const access = await open(await serverOf({ replicas: 2 }));
  expect(access).toMatchObject({ hasKeeper: true, members: members(2) });
  await access.close();
});

test('a keeper that is configured and away is waited for', async () => {
  const keeper = {
    code: 999,
    type: 'KEEPER_EXCEPTION',
    message: 'Coordination error: All connection tries failed',
  };
  const opened = open(await serverOf({ keeper }));
  await expect(opened).rejects.toThrow(KeeperAwayError);
  await expect(opened).rejects.toThrow(
    /^the keeper of the cluster does not answer: .*All connection tries failed/,
  );
});

test('a server without macros is refused with what it needs', async () => {
  const macros = {
    code: 139,
    type: 'NO_ELEMENTS_IN_CONFIG',
    message: "No macro 'replica' in config",
  };
  const opened = open(await serverOf({ macros }));
  await expect(opened).rejects.toThrow(MigrationError);
  await expect(opened).rejects.toThrow(
    /^a server of cluster prod has no <macros> with <shard> and <replica>, which replicated tables need: .*No macro 'replica'/,
  );
});

test('without a keeper, a shard whose address does not answer is named with it', async () => {
  const away = 'http://127.0.0.1:1';
  const url = [await serverOf({ shards: 2, keeper: NO_KEEPER }), away];
  const opened = openCluster({ url, username: 'u', password: '' }, 'prod');
  await expect(opened).rejects.toThrow(
    `shard 2 (ch-1:9000) of cluster prod does not answer (${away}: connect ECONNREFUSED`,
  );
});

test('replicas without a keeper are refused', async () => {
  const url = await serverOf({ replicas: 2, keeper: NO_KEEPER });
  await expect(open(url)).rejects.toThrow(
    `cluster prod has replicas (shard 1 (ch-2:9000)), and ${url} has no keeper: configure <zookeeper>`,
  );
});
