// Collectors that write their own tables into the engine: the OpenTelemetry Collector with clickhouseexporter,
// and Rotel. Both get spans over OTLP, and what they wrote is counted by our own client.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../../deploy/engine/ports.ts';
import type { Program } from './toolchains.ts';
import type { World } from './world.ts';

const SPANS = 1000;
const LONGEST_MS = 30_000;

/** clickhouseexporter with lz4 and else its defaults; it creates its database and tables. */
export async function otelcol(
  world: World,
  program: Program,
  address: string,
  database: string,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'faultline-otelcol-'));
  const port = await freePort('127.0.0.1', 0);
  const config = `
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:${port}" } } } }
exporters:
  clickhouse:
    endpoint: ${address}
    database: ${database}
    username: faultline
    password: ${world.writer}
service:
  telemetry: { metrics: { level: none } }
  pipelines:
    traces: { receivers: [otlp], exporters: [clickhouse] }
    logs: { receivers: [otlp], exporters: [clickhouse] }
`;
  const file = join(folder, 'config.yaml');
  await writeFile(file, config, { mode: 0o600 });
  try {
    return await collect(world, [...program, '--config', `file:${file}`], port, database);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Rotel with its defaults; it wants its table to be there, so here is what its own tool would create. */
export async function rotel(world: World, python: Program): Promise<string> {
  const map = 'Map(LowCardinality(String), String)';
  await world.ask('CREATE DATABASE rotel');
  await world.ask(`
    CREATE TABLE rotel.otel_traces (
      Timestamp DateTime64(9), TraceId String, SpanId String, ParentSpanId String, TraceState String,
      SpanName LowCardinality(String), SpanKind LowCardinality(String), ServiceName LowCardinality(String),
      ResourceAttributes ${map}, ScopeName String, ScopeVersion String, SpanAttributes ${map},
      Duration Int64, StatusCode LowCardinality(String), StatusMessage String,
      Events Nested (Timestamp DateTime64(9), Name LowCardinality(String), Attributes ${map}),
      Links Nested (TraceId String, SpanId String, TraceState String, Attributes ${map})
    ) ENGINE = MergeTree ORDER BY (ServiceName, SpanName, toDateTime(Timestamp))`);
  const find = ['-c', 'import rotel, os; print(os.path.dirname(rotel.__file__))'];
  const folder = await output(python, find);
  const [http, grpc] = await Promise.all([freePort('127.0.0.1', 0), freePort('127.0.0.1', 0)]);
  const args = [
    ...['start', '--exporter', 'clickhouse', '--clickhouse-exporter-database', 'rotel'],
    ...['--clickhouse-exporter-endpoint', `http://${world.http}`],
    ...['--clickhouse-exporter-user', 'faultline'],
    ...['--clickhouse-exporter-password', world.writer],
    ...['--otlp-http-endpoint', `127.0.0.1:${http}`, '--otlp-grpc-endpoint', `127.0.0.1:${grpc}`],
  ];
  return collect(world, [join(folder, 'rotel-agent'), ...args], http, 'rotel');
}

/** Starts it, sends it spans, and waits until its table has them. */
async function collect(
  world: World,
  [command = '', ...args]: readonly string[],
  port: number,
  database: string,
): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      log += text;
    });
  }
  try {
    await send(port, child);
    await world.until(
      `SELECT count(), uniqExact(SpanId) FROM ${database}.otel_traces`,
      `${SPANS}\t${SPANS}`,
    );
    return `${SPANS} spans`;
  } catch (error) {
    throw new Error(`${(error as Error).message}; its log ends: ${log.slice(-500)}`);
  } finally {
    await end(child);
  }
}

/** Sends spans once it listens. */
async function send(port: number, child: ChildProcess): Promise<void> {
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: spans() }] }] });
  for (const start = performance.now(); ; await wait(100)) {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    }).catch(() => undefined);
    if (answer?.ok) return;
    if (answer) throw new Error(`it answers ${answer.status}: ${await answer.text()}`);
    if (child.exitCode !== null || performance.now() - start > LONGEST_MS) {
      throw new Error('it does not listen');
    }
  }
}

function spans(): object[] {
  const now = BigInt(Date.now()) * 1_000_000n;
  return Array.from({ length: SPANS }, (_, index) => ({
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    name: `span ${index % 10}`,
    kind: 1,
    startTimeUnixNano: `${now}`,
    endTimeUnixNano: `${now + 1_000_000n}`,
    attributes: [{ key: 'n', value: { stringValue: `${index}` } }],
    status: {},
  }));
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await closed;
  clearTimeout(timer);
}

async function output([command = '', ...first]: Program, args: string[]): Promise<string> {
  const child = spawn(command, [...first, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (some: string) => {
    text += some;
  });
  await once(child, 'close');
  return text.trim();
}
