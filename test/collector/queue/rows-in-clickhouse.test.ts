// The collector from a request to the tables, over the real engine.
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Collector, type CollectorOptions, startCollector } from '../../../collector/index.ts';
import { Inserter, type Refused } from '../../../collector/queue/writer.ts';
import { LAYOUTS } from '../../../collector/rows/columns.ts';
import { RowBinaryWriter } from '../../../collector/rows/row-binary.ts';
import { emptyRows, type Rows, TABLES } from '../../../collector/rows/rows.ts';
import { type RunningEngine, startEngine } from '../../../deploy/engine/index.ts';
import { rowsOf } from '../../support/sample-rows.ts';
import { failNode, plainSpan, recordSpans, toProtobuf } from '../../support/sdk-spans.ts';
import { COLLECTOR } from './storage.ts';

const MIGRATIONS = new URL('../../../deploy/clickhouse/migrations/', import.meta.url);
const logger = pino({ level: 'silent' });

let dataDir: string;
let engine: RunningEngine;
let client: ClickHouseClient;
let database: string;
let databases = 0;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'faultline-collector-'));
  engine = await startEngine({ dataDir, port: 0 });
});

afterAll(async () => {
  await client?.close();
  await engine?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

// A database of its own for each test.
beforeEach(async () => {
  await client?.close();
  database = `collector_${++databases}`;
  const admin = connectTo('default');
  await admin.command({ query: `CREATE DATABASE ${database}` });
  await admin.close();
  client = connectTo(database);
  for (const file of (await readdir(MIGRATIONS)).sort()) {
    await client.command({ query: await readFile(new URL(file, MIGRATIONS), 'utf8') });
  }
});

function connectTo(name: string): ClickHouseClient {
  const log = { level: ClickHouseLogLevel.OFF };
  return createClient({ url: engine.url, ...engine.writer, database: name, log });
}

async function select<T = Record<string, unknown>>(query: string): Promise<T[]> {
  const result = await client.query({
    query,
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 1 },
  });
  return result.json<T>();
}

async function counts(): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const table of TABLES) {
    const [row] = await select<{ n: number }>(`SELECT toUInt32(count()) AS n FROM ${table} FINAL`);
    found[table] = row!.n;
  }
  return found;
}

function collectorOptions(over: Partial<CollectorOptions> = {}): CollectorOptions {
  return {
    ...COLLECTOR,
    clickhouse: { url: engine.url, ...engine.writer, database },
    queue: { folder: join(dataDir, `queue-${database}`), maxBytes: 64 * 1024 * 1024 },
    logger,
    ...over,
  };
}

function send(collector: Collector, body: Buffer): Promise<Response> {
  return fetch(`${collector.url}/v1/traces`, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: { 'content-type': 'application/x-protobuf' },
  });
}

describe('collector', () => {
  test('a failed node stands in failure_records; a resend changes nothing', async () => {
    const collector = await startCollector(collectorOptions());
    const body = toProtobuf(
      recordSpans((tracer) => {
        plainSpan(tracer);
        failNode(tracer, { 'failure.input': '{"to":"Zürich"}' });
      }),
    );
    for (let i = 0; i < 3; i++) expect((await send(collector, body)).status).toBe(200);
    expect((await fetch(`${collector.url}/readyz`)).status).toBe(200);
    await collector.drained();
    expect(collector.stats()).toMatchObject({ keptSpans: 3, queue: { rows: 6, entries: 0 } });
    await collector.close();
    expect(
      await select(`SELECT session_id, agent_id, node_id, error_type, error_message,
        graph_snapshot, input_context, evolution_triggered, resolution FROM failure_records`),
    ).toEqual([
      {
        session_id: 'session-1',
        agent_id: 'travel-agent',
        node_id: 'book_flight',
        error_type: 'SoldOutError',
        error_message: 'no seat left',
        graph_snapshot: `sha256:${'a'.repeat(64)}`,
        input_context: '{"to":"Zürich"}',
        evolution_triggered: '',
        resolution: '',
      },
    ]);
    expect(await counts()).toMatchObject({ failures: 1, node_attempts: 1 });
  });

  test('concurrent requests share inserts', async () => {
    const collector = await startCollector(collectorOptions());
    const bodies = Array.from({ length: 40 }, () =>
      toProtobuf(recordSpans((tracer) => failNode(tracer))),
    );
    const answers = await Promise.all(bodies.map((body) => send(collector, body)));
    expect(answers.map((answer) => answer.status)).toEqual(bodies.map(() => 200));
    await collector.drained();
    expect(await counts()).toMatchObject({ failures: 40, node_attempts: 40 });
    expect(collector.stats().queue.inserts).toBeLessThan(2 * bodies.length);
    await collector.close();
  });

  test('a port in use is one clear line', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    await expect(startCollector(collectorOptions({ otlpHttpPort: port }))).rejects.toThrow(
      `cannot listen on 127.0.0.1 port ${port} for OTLP/HTTP: the port is in use; stop what uses it, or give another with --otlp-http-port`,
    );
    other.close();
  });

  test('while ClickHouse cannot be reached rows wait on disk, and it stays ready', async () => {
    const away = { url: 'http://127.0.0.1:1', ...engine.writer, database };
    const collector = await startCollector(collectorOptions({ clickhouse: away }));
    const answer = await send(collector, toProtobuf(recordSpans((tracer) => failNode(tracer))));
    expect(answer.status).toBe(200);
    expect((await fetch(`${collector.url}/readyz`)).status).toBe(200);
    expect(collector.stats().queue).toMatchObject({ rows: 0, entries: 1 });
    await collector.close();

    const next = await startCollector(collectorOptions());
    await next.drained();
    expect(await counts()).toMatchObject({ failures: 1, node_attempts: 1 });
    await next.close();
  });

  test('while the tables are missing rows wait: they may come', async () => {
    const clickhouse = { url: engine.url, ...engine.writer, database: 'default' };
    const collector = await startCollector(collectorOptions({ clickhouse }));
    const answer = await send(collector, toProtobuf(recordSpans((tracer) => failNode(tracer))));
    expect(answer.status).toBe(200);
    await collector.close();
    const next = await startCollector(collectorOptions());
    await next.drained();
    expect(await counts()).toMatchObject({ failures: 1 });
    expect(next.stats().queue.deadLetters).toBe(0);
    await next.close();
  });
});

describe('inserter', () => {
  async function insert(inserter: Inserter, ...all: Rows[]): Promise<Refused[]> {
    const refused: Refused[] = [];
    for (const table of TABLES) {
      const writer = new RowBinaryWriter();
      for (const rows of all) for (const row of rows[table]) writer.write(row, LAYOUTS[table]);
      if (writer.bytes === 0) continue;
      const { columns } = LAYOUTS[table];
      const parts = [writer.take()];
      refused.push(...(await inserter.insert({ table, columns, parts, token: 'token' })));
    }
    return refused;
  }

  test('every column of every table takes what the rows hold', async () => {
    const inserter = new Inserter(client);
    const rows = rowsOf('run-1');
    expect(await insert(inserter, rows)).toEqual([]);
    expect(await insert(inserter, rows)).toEqual([]);
    const one = Object.fromEntries(TABLES.map((table) => [table, 1]));
    expect(await counts()).toEqual(one);
    for (const table of TABLES) {
      const [stored] = await select(`SELECT * FROM ${table} FINAL`);
      expect(stored, table).toEqual(rows[table][0]);
    }
  });

  test('columns are those of the migrations', async () => {
    const rows = rowsOf('run-1');
    for (const table of TABLES) {
      const described = await select<{ name: string; default_type: string }>(
        `DESCRIBE TABLE ${table}`,
      );
      // What ClickHouse works out by itself is not written.
      const written = described.filter(({ default_type }) => default_type !== 'MATERIALIZED');
      expect(Object.keys(rows[table][0]!).sort()).toEqual(written.map(({ name }) => name).sort());
    }
  });

  test('rows that ClickHouse refuses are nobody else’s trouble', async () => {
    const runs = Array.from({ length: 23 }, (_, index) => rowsOf(`run-${index}`));
    for (const index of [0, 7, 8, 22]) runs[index]!.failures[0]!.node_id = 'bad';
    await client.command({
      query: "ALTER TABLE failures ADD CONSTRAINT no_bad_nodes CHECK node_id != 'bad'",
    });
    const refused = await insert(new Inserter(client), ...runs);
    expect(refused.map(({ table, index }) => [table, index])).toEqual([
      ['failures', 0],
      ['failures', 7],
      ['failures', 8],
      ['failures', 22],
    ]);
    expect(refused.map(({ row }) => JSON.parse(row).run_id)).toEqual([
      'run-0',
      'run-7',
      'run-8',
      'run-22',
    ]);
    // Told without what stood in the rows.
    expect(refused[1]!.reason).toBe('VIOLATED_CONSTRAINT (469)');
    expect(await counts()).toMatchObject({ failures: 19, graph_runs: 23 });
  });

  test('a batch over many weeks is taken', async () => {
    const rows: Rows = emptyRows();
    for (let week = 0; week < 150; week++) {
      const [failure] = rowsOf(`run-${week}`).failures;
      const day = new Date(Date.UTC(2023, 0, 1 + 7 * week)).toISOString().slice(0, 10);
      rows.failures.push({ ...failure!, timestamp: `${day} 00:00:00.000000000` });
    }
    expect(await insert(new Inserter(client), rows)).toEqual([]);
  });
});
