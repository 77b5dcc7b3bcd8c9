import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MigrationError, migrate } from '../../deploy/clickhouse/migrate.ts';
import { type RunningEngine, startEngine } from '../../deploy/engine/index.ts';

let dataDir: string;
let engine: RunningEngine;
let client: ClickHouseClient;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'faultline-migrate-'));
  engine = await startEngine({ dataDir, port: 0 });
  client = createClient({ url: engine.url, ...engine.writer });
});
afterAll(async () => {
  await client?.close();
  await engine?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const connection = () => ({ url: engine.url, ...engine.writer });

async function tables(database: string): Promise<string[]> {
  const result = await client.query({
    query: 'SELECT name FROM system.tables WHERE database = {database:String} ORDER BY name',
    query_params: { database },
    format: 'JSONEachRow',
  });
  return (await result.json<{ name: string }>()).map((row) => row.name);
}

const all = [
  'alerts',
  'evolution_effects',
  'evolutions',
  'exception_records',
  'failure_groups',
  'failure_rates',
  'failure_records',
  'failure_templates',
  'failure_templates_filler',
  'failures',
  'graph_runs',
  'graph_snapshots',
  'group_events',
  'leases',
  'node_attempts',
  'node_health',
  'schema_migrations',
  'trace_spans',
  'verifications',
];

describe('migrations', () => {
  it('make all tables, and nothing the second time', async () => {
    const options = { database: 'once', retentionDays: 90 };
    const first = await migrate(connection(), options);
    expect(first.applied.length).toBeGreaterThan(0);
    expect(first.applied).toEqual([...first.applied].sort());
    expect(await tables('once')).toEqual(all);
    expect(await migrate(connection(), options)).toEqual({
      applied: [],
      already: first.applied.length,
    });
  });

  it('may be run by several collectors at once', async () => {
    const options = { database: 'together', retentionDays: 90 };
    await Promise.all(Array.from({ length: 4 }, () => migrate(connection(), options)));
    expect(await tables('together')).toEqual(all);
    expect((await migrate(connection(), options)).applied).toEqual([]);
  });

  it('refuse a file that was changed after it was applied', async () => {
    const options = { database: 'changed', retentionDays: 90 };
    const { applied } = await migrate(connection(), options);
    await client.command({
      query: `ALTER TABLE changed.schema_migrations UPDATE checksum = 'other' WHERE name = '${applied[0]}' SETTINGS mutations_sync = 2`,
    });
    const again = migrate(connection(), options);
    await expect(again).rejects.toThrow(MigrationError);
    await expect(again).rejects.toThrow(applied[0]!);
  });

  it('set the retention, and change it when it changes', async () => {
    const ttl = async (table: string) => {
      const result = await client.query({
        query: `SELECT extract(create_table_query, 'toIntervalDay\\\\((\\\\d+)\\\\)') AS days FROM system.tables WHERE database = 'kept' AND name = '${table}'`,
        format: 'JSONEachRow',
      });
      return (await result.json<{ days: string }>())[0]!.days;
    };
    await migrate(connection(), { database: 'kept', retentionDays: 90 });
    expect([await ttl('failures'), await ttl('node_attempts')]).toEqual(['90', '30']);
    await migrate(connection(), { database: 'kept', retentionDays: 7 });
    expect([await ttl('failures'), await ttl('node_attempts'), await ttl('graph_runs')]).toEqual([
      '7',
      '7',
      '7',
    ]);
  });
});
