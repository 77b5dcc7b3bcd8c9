// Answers of ClickHouse that may be due to the rows or to ClickHouse itself.
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startCollector } from '../../../collector/index.ts';
import { Inserter } from '../../../collector/queue/writer.ts';
import { LAYOUTS } from '../../../collector/rows/columns.ts';
import { RowBinaryWriter } from '../../../collector/rows/row-binary.ts';
import { rowsOf } from '../../support/sample-rows.ts';
import { failedAttempt, sendSpans } from '../../support/world.ts';
import { COLLECTOR, type Database, type Storage, startStorage } from './storage.ts';

let storage: Storage;
let database: Database;

beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage?.end());

beforeEach(async () => {
  database = await storage.database();
  // Fails with ILLEGAL_DIVISION, which the collector has in none of its lists.
  await database.command(
    "ALTER TABLE failures ADD COLUMN share UInt8 MATERIALIZED intDiv(1, node_id != 'bad')",
  );
});

const { columns } = LAYOUTS.failures;

function bytesOf(...nodes: string[]): Buffer {
  const writer = new RowBinaryWriter();
  for (const node of nodes) {
    const [failure] = rowsOf(node).failures;
    writer.write({ ...failure, node_id: node }, LAYOUTS.failures);
  }
  return writer.take();
}

const insertOf = (tries: number, witness: Buffer | undefined, ...nodes: string[]) => ({
  table: 'failures' as const,
  columns,
  parts: [bytesOf(...nodes)],
  token: 'token',
  tries,
  witness: () => witness,
});

test('an unknown code is held against a row when others are taken, and not before', async () => {
  const inserter = new Inserter(database.client);
  await expect(inserter.insert(insertOf(0, undefined, 'good', 'bad'))).rejects.toThrow(
    'ILLEGAL_DIVISION (153)',
  );
  const refused = await inserter.insert(insertOf(5, undefined, 'good', 'bad'));
  expect(refused).toMatchObject([{ index: 1, reason: 'ILLEGAL_DIVISION (153)' }]);
});

test('a row alone is held to blame only when a row behind it is taken', async () => {
  const inserter = new Inserter(database.client);
  await expect(inserter.insert(insertOf(5, bytesOf('bad'), 'bad'))).rejects.toThrow('153');
  expect(await inserter.insert(insertOf(5, bytesOf('good'), 'bad'))).toHaveLength(1);
});

test('when ClickHouse takes nothing, nothing is a dead letter', async () => {
  const inserter = new Inserter(database.client);
  await expect(inserter.insert(insertOf(50, undefined, 'bad', 'bad'))).rejects.toThrow('153');
});

test('it does not block the rows behind it', async () => {
  const collector = await startCollector({
    ...COLLECTOR,
    clickhouse: database.connection,
    queue: { folder: join(storage.dataDir, 'blamed'), maxBytes: 1_000_000 },
    logger: pino({ level: 'silent' }),
  });
  const send = (node: string) =>
    sendSpans(collector.url, [failedAttempt('a', { 'graph.node.id': node })]);
  await send('bad');
  await expect.poll(() => collector.stats().queue.retries).toBeGreaterThan(0);
  await send('good');
  await collector.drained();
  expect(collector.stats().queue).toMatchObject({ entries: 0, deadLetters: 1, refusedRows: 1 });
  const nodes = await database.select('SELECT node_id FROM failures FINAL');
  expect(nodes).toEqual([{ node_id: 'good' }]);
  await collector.close();
});
