// Traces with more than is linked at once, or at all.
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startCollector } from '../../../collector/index.ts';
import { linkInSteps } from '../../../collector/linking/link.ts';
import { rowsOf } from '../../support/sample-rows.ts';
import { COLLECTOR, startStorage } from '../queue/storage.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';

test('many log records of one trace become failures a few at a time', () => {
  const [record] = rowsOf('run').exception_records;
  const exceptions = Array.from({ length: 1_000 }, (_, i) => ({
    ...record!,
    trace_id: TRACE,
    span_id: `span-${i}`,
    record_id: `record-${i}`,
  }));
  let emitted = 0;
  const steps = linkInSteps(
    { failures: [], attempts: [], exceptions, spans: [] },
    { record: () => true, trace: () => true },
    ({ failures = [] }) => {
      emitted += failures.length;
    },
  );
  const inOneStep: number[] = [];
  for (let before = 0, step = steps.next(); ; step = steps.next()) {
    inOneStep.push(emitted - before);
    before = emitted;
    if (step.done) break;
  }
  expect(emitted).toBe(1_000);
  expect(Math.max(...inOneStep)).toBeLessThanOrEqual(16);
});

test('a trace with too much text is given up and counted, its failures stay', async () => {
  const storage = await startStorage();
  const database = await storage.database();
  const warnings: string[] = [];
  const collector = await startCollector({
    ...COLLECTOR,
    clickhouse: database.connection,
    queue: { folder: join(storage.dataDir, 'large'), maxBytes: 64 * 1024 * 1024 },
    logger: pino({ level: 'warn' }, { write: (line: string) => warnings.push(line) }),
    linking: { maxFailureChars: 8_000 },
  });
  try {
    for (const [traceId, length] of [
      [TRACE, 9_000],
      [TRACE.replaceAll('0', '1'), 1_000],
    ] as const) {
      const response = await fetch(`${collector.url}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(failedCall(traceId, 'x'.repeat(length))),
      });
      expect(response.status).toBe(200);
    }
    await collector.drained();
    expect(collector.stats().linking).toMatchObject({ droppedTraces: 1, failedLooks: 0 });
    expect(warnings.filter((line) => line.includes('too many spans'))).toEqual([
      expect.stringContaining(TRACE),
    ]);
    const rows = await database.select('SELECT trace_id FROM failures FINAL');
    expect(rows).toHaveLength(2);
  } finally {
    await collector.close();
    await storage.end();
  }
});

/** A tool call that failed, whose node has not come. */
function failedCall(traceId: string, message: string) {
  const now = `${Date.now()}000000`;
  const value = { stringValue: 'execute_tool' };
  return {
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: [
              {
                traceId,
                spanId: traceId.slice(0, 16),
                parentSpanId: traceId.slice(16),
                name: 'execute_tool book',
                startTimeUnixNano: now,
                endTimeUnixNano: now,
                attributes: [{ key: 'gen_ai.operation.name', value }],
                status: { code: 2, message },
              },
            ],
          },
        ],
      },
    ],
  };
}
