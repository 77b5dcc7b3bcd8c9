// The configurations of deploy/pipelines, in the programs that they are for. These are named by
// FAULTLINE_OTELCOL (built with `go build` in test/pipelines/otelcol) and FAULTLINE_ROTEL (rotel-agent of PyPI's rotel).
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { freePorts } from '../../deploy/demo/cluster/shards-file.ts';
import { startFaultline } from '../end-to-end/processes.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';
import {
  failedAttempt,
  goodAttempt,
  type OtlpSpan,
  sendSpans,
  startWorld,
  type World,
} from '../support/world.ts';

const { FAULTLINE_OTELCOL: otelcol, FAULTLINE_ROTEL: rotel } = process.env;
const pipelines = new URL('../../deploy/pipelines/', import.meta.url);
const folder = new TemporaryFolder('pipelines');
const running = new Set<ChildProcess>();
let world: World;

beforeAll(async () => {
  if (otelcol || rotel) world = await startWorld();
});
afterEach(() => Promise.all([...running].map((child) => end(child))));
afterAll(async () => {
  await world?.end();
  await folder.remove();
});

async function end(child: ChildProcess): Promise<void> {
  running.delete(child);
  if (child.exitCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'close');
}

function run(command: string, args: string[], environment: Record<string, string>): ChildProcess {
  const child = spawn(command, args, {
    env: { ...process.env, FAULTLINE_INGEST_TOKEN: 'none', ...environment },
    stdio: 'ignore',
  });
  running.add(child);
  return child;
}

/** @returns starts the collector with its queue in a folder of its own */
async function collectorOf(file: string, ports: number[], endpoint: string, ...more: string[]) {
  const environment = {
    OTELCOL_QUEUE: await folder.with(`queue-${ports[0]}`),
    OTELCOL_HTTP: `127.0.0.1:${ports[0]}`,
    OTELCOL_GRPC: `127.0.0.1:${ports[1]}`,
    FAULTLINE_ENDPOINT: endpoint,
  };
  const files = [fileURLToPath(new URL(file, pipelines)), ...more];
  const configs = files.flatMap((path) => ['--config', `file:${path}`]);
  return () => run(otelcol!, configs, environment);
}

/** Sends once it listens. */
async function send(port: number, spans: Parameters<typeof sendSpans>[1]): Promise<void> {
  for (const until = Date.now() + 30_000; ; await wait(100)) {
    try {
      return await sendSpans(`http://127.0.0.1:${port}`, spans);
    } catch (error) {
      // Rotel answers a body of its own.
      if (/answered 200/.test((error as Error).message)) return;
      if (Date.now() > until) throw error;
    }
  }
}

const failuresOf = (agent: string) => async () => {
  await world.drained();
  return (await world.history.recentFailures({ agent })).items.length;
};

it.skipIf(!otelcol)(
  'an agent keeps what the gateway is away for, also over a kill; the gateway passes on what matters',
  async () => {
    const ports = await freePorts(4);
    const startGateway = await collectorOf('otelcol-gateway.yaml', ports.slice(2), world.otlpHttp);
    const startAgent = await collectorOf(
      'otelcol-agent.yaml',
      ports.slice(0, 2),
      `http://127.0.0.1:${ports[2]}`,
    );
    const first = startAgent();
    await send(ports[0]!, [failedAttempt('kept-by-agent')]);
    await end(first);
    startAgent();
    startGateway();
    await expect.poll(failuresOf('kept-by-agent')).toBe(1);

    await send(ports[0]!, [failedAttempt('passed-on')]);
    await expect.poll(failuresOf('passed-on')).toBe(1);
  },
  120_000,
);

it.skipIf(!rotel)(
  'Rotel passes on what it gets',
  async () => {
    const [http, grpc] = await freePorts(2);
    const file = readFileSync(new URL('rotel.env', pipelines), 'utf8');
    const settings = Object.fromEntries(
      [...file.matchAll(/^(ROTEL_\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]),
    );
    run(rotel!, ['start', '--pid-file', join(await folder.with('.'), 'rotel.pid')], {
      ...settings,
      ROTEL_OTLP_HTTP_ENDPOINT: `127.0.0.1:${http}`,
      ROTEL_OTLP_GRPC_ENDPOINT: `127.0.0.1:${grpc}`,
      ROTEL_OTLP_EXPORTER_ENDPOINT: world.otlpHttp,
    });
    await send(http!, [failedAttempt('through-rotel')]);
    await expect.poll(failuresOf('through-rotel')).toBe(1);
  },
  60_000,
);

/** Its DNS name is this machine's, with a port for each collector. */
async function resolverOf(backends: readonly string[]): Promise<string> {
  const file = join(await folder.with('.'), 'resolver.yaml');
  const resolver = { dns: null, static: { hostnames: backends } };
  await writeFile(file, JSON.stringify({ exporters: { load_balancing: { resolver } } }));
  return file;
}

it.skipIf(!otelcol)(
  'spans of a trace that come in several requests arrive once, while one of two collectors is killed',
  async () => {
    const { engine } = world;
    const [http, grpc, second] = await freePorts(3);
    const data = await folder.with('second');
    const startSecond = () =>
      startFaultline(
        data,
        ...['--role', 'collector', '--clickhouse-url', engine!.url],
        ...['--clickhouse-user', engine!.writer.username],
        ...['--clickhouse-password', engine!.writer.password],
        ...['--otlp-grpc-port', `${second}`],
      );
    let killed = await startSecond();
    const resolver = await resolverOf([new URL(world.otlpGrpc).host, `127.0.0.1:${second}`]);
    const start = await collectorOf('otelcol-load-balancing.yaml', [http!, grpc!], '', resolver);
    start();
    const agent = 'balanced';
    const traces = Array.from({ length: 60 }, () => randomBytes(16).toString('hex'));
    const sendPart = (traceId: string, attempt: OtlpSpan) =>
      send(http!, [{ ...attempt, traceId, spanId: randomBytes(8).toString('hex') }]);
    for (const [index, trace] of traces.entries()) {
      if (index === 30) await killed.end('SIGKILL');
      await sendPart(trace, failedAttempt(agent, { 'graph.run.id': trace }));
    }
    const again = { 'graph.node.attempt': 2 };
    for (const [index, trace] of traces.entries()) {
      if (index === 30) killed = await startSecond();
      await sendPart(trace, goodAttempt(agent, { 'graph.run.id': trace, ...again }));
    }
    const count = async (table: string) => {
      await world.drained();
      const query = `SELECT count() AS n FROM ${table} FINAL WHERE agent_id = '${agent}'`;
      return Number((await world.history.sql(query)).rows[0]!.n);
    };
    await expect.poll(() => count('node_attempts')).toBe(120);
    expect(await count('failures')).toBe(60);
    const metrics = await (await fetch(`${killed.otlpHttp}/metrics`)).text();
    const [, received] =
      /^faultline_items_received_total\{signal="traces"\} (\d+)/m.exec(metrics) ?? [];
    expect(Number(received)).toBeGreaterThan(0);
    await killed.end('SIGTERM');
  },
  120_000,
);
