// The configurations of deploy/pipelines, in the programs that they are for. These are named by
// FAULTLINE_OTELCOL (built with `go build` in test/pipelines/otelcol) and FAULTLINE_ROTEL (rotel-agent of PyPI's rotel).
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { freePorts } from '../../deploy/demo/cluster/shards-file.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';
import { failedAttempt, sendSpans, startWorld, type World } from '../support/world.ts';

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
async function collectorOf(file: string, ports: number[], endpoint: string) {
  const environment = {
    OTELCOL_QUEUE: await folder.with(`queue-${ports[0]}`),
    OTELCOL_HTTP: `127.0.0.1:${ports[0]}`,
    OTELCOL_GRPC: `127.0.0.1:${ports[1]}`,
    FAULTLINE_ENDPOINT: endpoint,
  };
  const config = `file:${fileURLToPath(new URL(file, pipelines))}`;
  return () => run(otelcol!, ['--config', config], environment);
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
    await expect.poll(failuresOf('kept-by-agent'), { timeout: 60_000 }).toBe(1);

    await send(ports[0]!, [failedAttempt('passed-on')]);
    await expect.poll(failuresOf('passed-on'), { timeout: 30_000 }).toBe(1);
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
    await expect.poll(failuresOf('through-rotel'), { timeout: 30_000 }).toBe(1);
  },
  60_000,
);
