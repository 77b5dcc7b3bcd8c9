import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { logs } from '@opentelemetry/sdk-node';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import {
  type FailureLog,
  type FailureLogOptions,
  instrumentGraph,
  logFailures,
} from '../../../instrumentation/index.ts';
import { failureId } from '../../../instrumentation/semconv/failure-id.ts';
import { faultlineFailureAttributes } from '../../../instrumentation/semconv/schemas.ts';
import { Recorder } from '../recorder.ts';

let stop = () => {};
afterEach(() => stop());

const logTo = (options: FailureLogOptions) => {
  stop = logFailures(options);
};

/** A run whose node `fetch` fails, and is tried again, until the last attempt. */
async function failingRun(message = 'no rates', attempts = 2) {
  const recorder = new Recorder();
  const graph = instrumentGraph({ agentId: 'a', graph: { id: 'g' }, tracer: recorder.tracer });
  await graph
    .run({ sessionId: 's', runId: 'r' }, async (run) => {
      for (let attempt = 1; attempt < attempts; attempt += 1) await fetch(run).catch(() => {});
      await fetch(run);
    })
    .catch(() => {});
  return recorder;

  function fetch(run: Parameters<Parameters<typeof graph.run>[1]>[0]) {
    return run.node('fetch', { maxAttempts: attempts }, () => {
      throw new TypeError(message);
    });
  }
}

test('each failure is reported once, with the id under which it is stored', async () => {
  const told: FailureLog[] = [];
  const lines: string[] = [];
  logTo({ logTo: (line) => lines.push(line), onFailure: (failure) => told.push(failure) });
  const recorder = await failingRun();
  const ids = recorder.attempts('fetch').map((span) => {
    const { traceId, spanId } = span.spanContext();
    return failureId(traceId, spanId);
  });
  expect(told.map(({ failure_id }) => failure_id)).toEqual(ids);
  expect(lines).toEqual([
    `failure ${ids[0]}: node fetch of agent a, attempt 1 of 2, retried: TypeError: no rates`,
    `failure ${ids[1]}: node fetch of agent a, attempt 2 of 2, terminal: TypeError: no rates`,
  ]);
  expect(told[1]).toMatchObject({ severity: 'major', site: 'node.raise', run_id: 'r' });
  stop();
  await failingRun();
  expect(lines).toHaveLength(2);
});

test('a failure of the run itself names no node', async () => {
  const lines: string[] = [];
  logTo({ logTo: (line) => lines.push(line) });
  const { tracer } = new Recorder();
  const graph = instrumentGraph({ agentId: 'a', graph: { id: 'g' }, tracer });
  await graph.run({ runId: 'r' }, () => Promise.reject(new Error('before'))).catch(() => {});
  expect(lines).toEqual([expect.stringMatching(/: run r of agent a: Error: before$/)]);
});

test('what is reported is redacted, one line, and cannot drive a terminal', async () => {
  const lines: string[] = [];
  logTo({ logTo: (line) => lines.push(line) });
  await failingRun('joe@corp.com\r\n\u001b[2Jfailure\u2028\u202e of\u0000 all', 1);
  expect(lines[0]).toContain(
    ': [redacted:email]\\r\\n\\u{1b}[2Jfailure\\u{2028}\\u{202e} of\\u{0} all',
  );
  await failingRun('x'.repeat(100_000), 1);
  expect(lines[1]!.length).toBeLessThan(2100);
});

test('pino gets the fields and the line', async () => {
  const written: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written.push(String(chunk));
      done();
    },
  });
  logTo({ logTo: pino({}, stream) });
  await failingRun();
  const [warning, error] = written.map((line) => JSON.parse(line));
  expect(warning).toMatchObject({ level: 40, node_id: 'fetch', disposition: 'retried' });
  expect(error).toMatchObject({ level: 50, attempt: 2, error_type: 'TypeError' });
  expect(error.msg).toContain(`failure ${error.failure_id}: node fetch`);
});

test("a logger of OpenTelemetry's Logs API gets a record in the failure's span", async () => {
  const exporter = new logs.InMemoryLogRecordExporter();
  const processor = new logs.SimpleLogRecordProcessor({ exporter });
  const provider = new logs.LoggerProvider({ processors: [processor] });
  logTo({ logTo: provider.getLogger('app') });
  const recorder = await failingRun('no rates', 1);
  const [record] = exporter.getFinishedLogRecords();
  const [span] = recorder.attempts('fetch');
  expect(record!.spanContext).toMatchObject({
    traceId: span!.spanContext().traceId,
    spanId: span!.spanContext().spanId,
  });
  expect(record!.eventName).toBe('faultline.failure');
  expect(record!.severityText).toBe('ERROR');
  const { 'failure.id': id } = faultlineFailureAttributes.parse(record!.attributes);
  expect(record!.body).toContain(id);
  expect(Object.keys(record!.attributes).filter((key) => key.startsWith('exception.'))).toEqual([]);
});

test('loggers that throw or reject do not reach the agent', async () => {
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const told: FailureLog[] = [];
  logTo({
    logTo: () => {
      throw new Error('disk full');
    },
    onFailure: async (failure) => {
      told.push(failure);
      throw new Error('no network');
    },
  });
  const recorder = await failingRun();
  expect(recorder.attempts('fetch')).toHaveLength(2);
  expect(told).toHaveLength(2);
  expect(stderr.mock.calls.filter(([line]) => String(line).includes('disk full'))).toHaveLength(1);
  stderr.mockRestore();
  expect(() => logFailures({ logTo: {} as never })).toThrow(/logTo must be 'console'/);
});

test('FAULTLINE_LOG_FAILURES=console writes to standard error', () => {
  const index = join(import.meta.dirname, '../../../instrumentation/index.ts');
  const app = `
    import { instrumentGraph } from ${JSON.stringify(index)};
    const graph = instrumentGraph({ agentId: 'a', graph: { id: 'g' } });
    await graph.run({}, (run) => run.node('n', {}, () => { throw new RangeError('broken'); })).catch(() => {});
  `;
  const env = {
    ...process.env,
    FAULTLINE_LOG_FAILURES: 'console',
    FAULTLINE_SPOOL: 'off',
    FAULTLINE_OTLP_ENDPOINT: 'http://127.0.0.1:9',
  };
  const args = ['--import', 'tsx', '--input-type=module', '-e', app];
  const { stderr, status } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  expect(stderr).toMatch(
    /^failure [0-9a-f-]{36}: node n of agent a, attempt 1: RangeError: broken$/m,
  );
  expect(status).toBe(0);
});

test('ids are UUIDs of version 8 from the ids of the span', () => {
  const hex = (length: number) =>
    fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`), { size: 'max' });
  fc.assert(
    fc.property(hex(32), hex(16), (traceId, spanId) => {
      const id = failureId(traceId, spanId);
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      const digest = createHash('sha256').update(Buffer.from(traceId + spanId, 'hex'));
      const free = (text: string) =>
        `${text.slice(0, 12)}${text.slice(13, 16)}${text.slice(17, 32)}`;
      expect(free(id.replaceAll('-', ''))).toBe(free(digest.digest('hex')));
    }),
  );
});
