// Linking in a running collector over the real engine: what belongs together comes apart, in any
// order, again, and across restarts.
import { join } from 'node:path';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Collector, startCollector } from '../../../collector/index.ts';
import type { LinkingOptions } from '../../../collector/linking/linker.ts';
import { COLLECTOR, type Database, type Storage, startStorage } from '../queue/storage.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
/** Recent, so that no row falls to retention; the same for all resends. */
const START = BigInt(Math.floor(Date.now() / 1000) - 600) * 1_000_000_000n;

let storage: Storage;
let database: Database;
let collector: Collector;
let queues = 0;

beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage?.end());

beforeEach(async () => {
  database = await storage.database();
  queues++;
  collector = await start();
});
afterEach(() => collector?.close());

function start(linking: LinkingOptions = {}, folder = `linking-${queues}`): Promise<Collector> {
  return startCollector({
    ...COLLECTOR,
    clickhouse: database.connection,
    queue: { folder: join(storage.dataDir, folder), maxBytes: 64 * 1024 * 1024 },
    logger: pino({ level: 'silent' }),
    linking,
  });
}

type Attributes = Record<string, string | number>;

interface Told {
  id: string;
  parent?: string;
  name?: string;
  /** Seconds after the start. */
  from?: number;
  to?: number;
  error?: string;
  attributes?: Attributes;
  event?: Attributes;
}

const spanId = (id: string): string => Buffer.from(id.padEnd(8, '.')).toString('hex');
const time = (second: number): string => String(START + BigInt(second) * 1_000_000_000n);
const keyValues = (attributes: Attributes = {}) =>
  Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: value } : { stringValue: value },
  }));
const resource = { attributes: keyValues({ 'service.name': 'planner' }) };

interface Request {
  path: string;
  body: object;
}

function spans(...told: Told[]): Request {
  const list = told.map(({ id, parent, name = id, from = 1, to = 2, error, ...rest }) => ({
    traceId: TRACE,
    spanId: spanId(id),
    ...(parent ? { parentSpanId: spanId(parent) } : {}),
    name,
    kind: 1,
    startTimeUnixNano: time(from),
    endTimeUnixNano: time(to),
    attributes: keyValues(rest.attributes),
    events: rest.event ? [{ name: 'exception', attributes: keyValues(rest.event) }] : [],
    status: error === undefined ? {} : { code: 2, message: error },
  }));
  return {
    path: '/v1/traces',
    body: { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 's' }, spans: list }] }] },
  };
}

function log(id: string, second: number, attributes: Attributes, eventName = ''): Request {
  const record = {
    traceId: TRACE,
    spanId: spanId(id),
    timeUnixNano: time(second),
    severityNumber: 17,
    eventName: eventName || 'gen_ai.client.operation.exception',
    attributes: keyValues(attributes),
  };
  return {
    path: '/v1/logs',
    body: {
      resourceLogs: [{ resource, scopeLogs: [{ scope: { name: 's' }, logRecords: [record] }] }],
    },
  };
}

async function send(...requests: Request[]): Promise<void> {
  for (const { path, body } of requests) {
    const response = await fetch(`${collector.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect([response.status, await response.text()]).toEqual([200, '{}']);
  }
}

const count = async (query: string): Promise<number> =>
  Number((await database.select<{ n: string }>(query))[0]!.n);

/** How many failures there are, whichever way they are counted. */
async function counts(): Promise<number> {
  const [plain, records, byId] = await Promise.all([
    count('SELECT count() AS n FROM failures FINAL'),
    count('SELECT count() AS n FROM failure_records'),
    count('SELECT uniqExact(failure_id) AS n FROM failures FINAL'),
  ]);
  expect([records, byId]).toEqual([plain, plain]);
  return plain;
}

const failures = (): Promise<Record<string, unknown>[]> =>
  database.select(
    `SELECT * EXCEPT (received_at, revision, ancestor_span_ids) FROM failures FINAL ORDER BY span_id`,
  );

const NODE: Attributes = {
  'gen_ai.agent.id': 'travel-agent',
  'gen_ai.agent.name': 'Travel agent',
  'gen_ai.conversation.id': 'session-1',
  'graph.id': 'trip',
  'graph.run.id': 'run-1',
  'graph.snapshot.ref': 'sha256:1',
  'graph.node.id': 'book',
  'graph.node.attempt': 2,
};
const goodNode: Told = { id: 'node', name: 'execute_node book', to: 9, attributes: NODE };
const badNode: Told = { ...goodNode, error: 'sold out', event: { 'exception.type': 'SoldOut' } };
const good = { id: 'generate', parent: 'node', from: 2, to: 8 };
const call: Told = {
  id: 'call',
  parent: 'generate',
  from: 3,
  to: 4,
  error: 'call failed',
  attributes: { 'gen_ai.operation.name': 'chat' },
};
const EXCEPTION = {
  'exception.type': 'TimeoutError',
  'exception.message': 'no answer in 30 s',
  'exception.stacktrace': 'TimeoutError: no answer in 30 s\n    at call (x.js:1)',
};
const TIED = {
  level: 'operation',
  agent_id: 'travel-agent',
  run_id: 'run-1',
  graph_id: 'trip',
  graph_snapshot_ref: 'sha256:1',
  node_id: 'book',
  attempt: 2,
};
const JOINED = {
  error_type: 'TimeoutError',
  error_message: 'no answer in 30 s',
  stack_trace: EXCEPTION['exception.stacktrace'],
};

describe('an exception in three forms', () => {
  const attributes = { 'gen_ai.operation.name': 'chat', ...EXCEPTION };
  const inAll = spans({ ...call, attributes, event: EXCEPTION });
  const inLog = log('call', 4, EXCEPTION);

  test.each([
    ['the span first', [inAll, inLog]],
    ['the log record first', [inLog, inAll]],
  ])('is one row: %s', async (_order, requests) => {
    for (const request of requests) {
      await send(request);
      await collector.drained();
    }
    await send(...requests, ...requests);
    await collector.drained();
    expect(await counts()).toBe(1);
    expect(await failures()).toMatchObject([JOINED]);
  });

  test('is reported whole when only the log has it', async () => {
    await send(spans(call));
    await collector.drained();
    expect(await failures()).toMatchObject([{ error_message: 'call failed', error_type: '' }]);
    await send(inLog);
    await collector.drained();
    expect(await counts()).toBe(1);
    expect(await failures()).toMatchObject([JOINED]);
    expect(collector.stats().linking).toMatchObject({ joined: 1, orphans: 0 });
  });

  test('of a node, reported by a log record before its span and by another after it', async () => {
    await send(log('node', 3, { ...EXCEPTION, 'exception.message': 'first' }));
    await collector.drained();
    await send(spans({ ...badNode, event: undefined as never }));
    await collector.drained();
    await send(log('node', 5, EXCEPTION));
    await collector.drained();
    expect(await counts()).toBe(1);
    expect(await failures()).toMatchObject([{ ...JOINED, level: 'node', node_id: 'book' }]);
  });
});

describe('a failed operation and its node', () => {
  test.each([
    ['together', [spans(goodNode, good, call)]],
    ['the operation first', [spans(good, call), spans(goodNode)]],
    ['the node first', [spans(goodNode), spans(good, call)]],
  ])('in requests %s', async (_order, requests) => {
    for (const request of requests) {
      await send(request);
      await collector.drained();
    }
    await send(...requests);
    await collector.drained();
    expect(await counts()).toBe(1);
    const [row] = await failures();
    expect(row).toMatchObject({ ...TIED, attributes: { 'faultline.tied_by': 'parent' } });
  });

  test('by time when no parent is known', async () => {
    await send(spans(call), spans(goodNode));
    await collector.drained();
    const [row] = await failures();
    expect(row).toMatchObject({ ...TIED, attributes: { 'faultline.tied_by': 'time' } });
  });

  test('is evidence, not a second failure of the node', async () => {
    await send(spans(good, call), spans(badNode));
    await collector.drained();
    expect(await counts()).toBe(2);
    expect(await failures()).toMatchObject([
      { ...TIED, session_id: 'session-1', agent_name: 'Travel agent' },
      { level: 'node', node_id: 'book' },
    ]);
    expect(await count(`SELECT count() AS n FROM failures FINAL WHERE level = 'node'`)).toBe(1);
  });
});

describe('a log record without its span', () => {
  test('becomes a failure, and gives way to the span that comes', async () => {
    await collector.close();
    collector = await start({ orphanAfterMs: 0 });
    await send(log('call', 4, EXCEPTION));
    await collector.drained();
    expect(await failures()).toMatchObject([{ ...JOINED, level: 'operation', duration_ns: 0 }]);

    await send(spans(goodNode, good, call));
    await collector.drained();
    await send(log('call', 4, EXCEPTION), spans(goodNode, good, call));
    await collector.drained();
    expect(await counts()).toBe(1);
    expect(await failures()).toMatchObject([{ ...JOINED, ...TIED, duration_ns: 1_000_000_000 }]);
    expect(collector.stats().linking.orphans).toBe(1);
  });

  test('is no failure when its node succeeded', async () => {
    await collector.close();
    collector = await start({ orphanAfterMs: 0 });
    await send(log('node', 4, EXCEPTION));
    await collector.drained();
    expect(await counts()).toBe(1);
    await send(spans(goodNode));
    await collector.drained();
    expect(await counts()).toBe(0);
  });

  test('is looked at again by itself when it has waited long enough', async () => {
    await collector.close();
    collector = await start({ orphanAfterMs: 500 });
    await send(log('call', 4, EXCEPTION));
    await expect.poll(counts).toBe(1);
  });
});

test('what a crash left unlinked is linked after the start', async () => {
  await send(spans(good, call), log('call', 4, EXCEPTION));
  await collector.drained();
  await collector.close();
  // Written by somebody who then ended before linking.
  collector = await start({ maxTraces: 0 });
  await send(spans(badNode));
  await collector.drained();
  await collector.close();
  expect(await failures()).toMatchObject([{ ...JOINED, node_id: '' }, { level: 'node' }]);

  collector = await start();
  await collector.drained();
  expect(await counts()).toBe(2);
  expect(await failures()).toMatchObject([{ ...JOINED, ...TIED }, { level: 'node' }]);
});

test('two collectors that see halves agree', async () => {
  const other = await start({}, `linking-${queues}-other`);
  const first = collector;
  await send(spans(good, call));
  collector = other;
  await send(log('call', 4, EXCEPTION));
  await Promise.all([first.drained(), other.drained()]);
  collector = first;
  await send(spans(badNode));
  await Promise.all([first.drained(), other.drained()]);
  await other.close();
  expect(await counts()).toBe(2);
  expect(await failures()).toMatchObject([{ ...JOINED, ...TIED }, { level: 'node' }]);
});

test('a ClickHouse that is down holds up the links, not the senders', async () => {
  await storage.kill();
  await send(spans(good, call), log('call', 4, EXCEPTION), spans(goodNode));
  await storage.restart();
  await collector.drained();
  expect(await counts()).toBe(1);
  expect(await failures()).toMatchObject([{ ...JOINED, ...TIED }]);
});

test('more rows than one question may bring are linked in parts', async () => {
  const large = Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => [`k${i}`, `${i} ${'lorem ipsum '.repeat(330)}`]),
  );
  const traces = Array.from({ length: 80 }, (_, i) => String(i).padStart(32, 'a'));
  for (const traceId of traces) {
    const request = spans(goodNode, {
      ...call,
      parent: 'node',
      attributes: { ...call.attributes, ...large },
    });
    await send(JSON.parse(JSON.stringify(request).replaceAll(TRACE, traceId)));
  }
  await collector.drained();
  expect(await counts()).toBe(80);
  expect(await count(`SELECT count() AS n FROM failures FINAL WHERE node_id = 'book'`)).toBe(80);
  expect(collector.stats().linking).toMatchObject({ tied: 80, failedLooks: 0 });
});

test('in any order, in any batches, with restarts and resends: the same failures', async () => {
  const pieces = [
    spans(good, call),
    spans(badNode),
    log('call', 4, EXCEPTION),
    log('call', 3, { ...EXCEPTION, 'exception.message': 'older' }),
    log('lost', 4, EXCEPTION),
    spans({ ...call, id: 'lost', from: 4, to: 5 }),
    log('node', 9, EXCEPTION),
  ];
  const linking = { orphanAfterMs: 0 };
  let expected: unknown;
  const step = fc.constantFrom('on', 'drain', 'restart');
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray(pieces, { minLength: pieces.length }),
      fc.array(fc.constantFrom(...pieces), { maxLength: 4 }),
      fc.array(step, { minLength: 11, maxLength: 11 }),
      async (order, again, steps) => {
        await collector.close();
        database = await storage.database();
        queues++;
        collector = await start(linking);
        for (const [index, piece] of [...order, ...again].entries()) {
          await send(piece);
          if (steps[index] === 'drain') await collector.drained();
          if (steps[index] !== 'restart') continue;
          await collector.close();
          collector = await start(linking);
        }
        await collector.drained();
        expect(await counts()).toBe(2); // the lost call ended the node: one failure
        const found = (await failures()).map((row) => {
          const marks = row.attributes as Record<string, string>;
          return { ...row, attributes: { ...marks, 'faultline.log_records': '' } };
        });
        expected ??= found;
        expect(found).toEqual(expected);
      },
    ),
    { numRuns: 4, endOnFailure: true },
  );
}, 300_000);
