// The statements for a cluster with a keeper, on an engine with a real ZooKeeper: FAULTLINE_ZOOKEEPER=host:port (Debian's
// package `zookeeper`). The embedded engine takes replicated tables and registers them, and cannot fill them.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClickHouse, connectClickHouse } from '../../../collector/serving/clickhouse.ts';
import { readSchema } from '../../../deploy/clickhouse/cluster/schema.ts';
import { createLocal, localName } from '../../../deploy/clickhouse/cluster/statements.ts';
import { migrate } from '../../../deploy/clickhouse/migrate.ts';
import { type RunningEngine, startEngine } from '../../../deploy/engine/index.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';

const { FAULTLINE_ZOOKEEPER: zookeeper } = process.env;
const folder = new TemporaryFolder('zookeeper');
let engine: RunningEngine;
let client: ClickHouse;

beforeAll(async () => {
  if (!zookeeper) return;
  const [host, port] = zookeeper.split(':');
  const configFile = join(await folder.with('.'), 'keeper.xml');
  // A path of its own, so that what a run before left is in nobody's way.
  const shard = `trial-${Date.now()}`;
  await writeFile(
    configFile,
    `<clickhouse><zookeeper><node><host>${host}</host><port>${port}</port></node></zookeeper>` +
      `<macros><shard>${shard}</shard><replica>one</replica></macros></clickhouse>`,
  );
  engine = await startEngine({ dataDir: await folder.with('data'), port: 0, configFile });
  client = connectClickHouse({ url: engine.url, ...engine.writer });
});
afterAll(async () => {
  await client?.close();
  await engine?.stop();
  await folder.remove();
});

test.skipIf(!zookeeper)(
  'every local table is taken as a replicated one, with the same columns and keys',
  async () => {
    const from = 'faultline_schema';
    await migrate({ url: engine.url, ...engine.writer }, { database: from, retentionDays: 90 });
    const tables = [...(await readSchema(client, from)).values()].filter(({ engine: kind }) =>
      /MergeTree$/.test(kind),
    );
    expect(tables.length).toBeGreaterThan(8);
    await client.command({ query: 'CREATE DATABASE IF NOT EXISTS faultline' });
    const target = { from, database: 'faultline', cluster: 'none', hasKeeper: true, shards: 1 };
    for (const table of tables) {
      await client.command({ query: createLocal(table, target).replace('{ON CLUSTER}', '') });
    }
    const made = await readSchema(client, 'faultline');
    for (const table of tables) {
      const local = made.get(localName(table.name))!;
      expect(local.engine).toBe(`Replicated${table.engine}`);
      expect(local.columns).toEqual(table.columns);
      expect(local.indices).toEqual(table.indices);
      expect(local.sortingKey).toBe(table.sortingKey);
      expect(local.engineClause).toContain(
        `'/clickhouse/tables/{shard}/faultline/${table.name}_local', '{replica}'`,
      );
      const rest = table.engineClause.slice(table.engineClause.indexOf(' '));
      expect(local.engineClause.endsWith(rest)).toBe(true);
    }
  },
);
