// What nobody caught becomes a failure of the node that was running, and the process ends as it would
// have without us. Real processes.
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildInstrumentation } from '../built.ts';
import { Receiver } from '../receiver.ts';

const built = buildInstrumentation('faultline-crash-hooks');
const spool = join(built.folder, 'spool');
afterAll(() => built.remove());

let receiver: Receiver;
beforeEach(async () => {
  receiver = new Receiver();
  await receiver.start();
});
afterEach(async () => {
  await receiver.stop();
  rmSync(spool, { recursive: true, force: true });
});

interface Ended {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

interface RunOptions {
  args?: string[];
  onOutput?: (pid: number, text: string) => void;
}

const GRAPH = `
import { flush, instrumentGraph } from '../instrumentation/index.js';
const graph = instrumentGraph({ agentId: 'a', graph: { id: 'g' } });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const runNode = (work) => graph.run({}, (run) => run.node('work', { input: { order: 7 } }, work));
`;
const THROWS = `setTimeout(() => { throw new RangeError('nobody caught this'); }, 1);`;
const REJECTS = `Promise.reject(new RangeError('nobody caught this'));`;

let apps = 0;
function run(text: string, env: Record<string, string> = {}, options: RunOptions = {}) {
  apps += 1;
  const path = built.write(`apps/app-${apps}.mjs`, GRAPH + text);
  return start(path, env, options);
}

async function start(
  path: string,
  env: Record<string, string>,
  { args = [], onOutput }: RunOptions,
): Promise<Ended> {
  const child = spawn(process.execPath, [...args, path], {
    env: {
      PATH: process.env.PATH ?? '',
      FAULTLINE_OTLP_ENDPOINT: receiver.url,
      FAULTLINE_SPOOL_DIR: spool,
      ...env,
    },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
    onOutput?.(child.pid!, String(chunk));
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return await new Promise((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

const failed = () => receiver.named('execute_node').filter(({ statusCode }) => statusCode === 2);

function expectTheFailure(over: Record<string, unknown> = {}): void {
  expect(failed()).toHaveLength(1);
  expect(failed()[0]).toMatchObject({
    name: 'execute_node work',
    statusMessage: 'nobody caught this',
    attributes: { 'graph.node.id': 'work', 'exception.type': 'RangeError', ...over },
  });
}

const outcome = () => receiver.named('execute_graph')[0]?.attributes['graph.run.outcome'];

describe.each([
  ['an error thrown by a timer', THROWS, 'uncaughtException'],
  ['a rejection that nobody handles', REJECTS, 'unhandledRejection'],
])('%s', (_what, breaks, origin) => {
  test('fails the node that started it, and the process dies as without us', async () => {
    const text = `await runNode(() => { ${breaks} return pause(60_000); });`;
    const ended = await run(text);
    const path = join(built.folder, 'apps', `app-${apps}.mjs`);
    expect(ended).toEqual(await start(path, { FAULTLINE_DISABLED: 'true' }, {}));
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('RangeError: nobody caught this');
    expectTheFailure({ 'failure.disposition': 'terminal', 'failure.site': 'node.raise' });
    expect(JSON.parse(failed()[0]!.attributes['failure.evidence'])).toEqual({
      origin,
      fatal: true,
    });
    expect(outcome()).toBe('failure');
  });

  test('fails a node that had returned already as its attempt once more', async () => {
    await run(`await runNode(() => { ${breaks} }); await pause(60_000);`);
    expectTheFailure({ 'graph.node.attempt': 1, 'graph.node.visit': 1 });
  });

  test('is recorded too where the app handles it and goes on', async () => {
    const text = `process.on('${origin}', (error) => console.log('handled', error.message));
      await runNode(async () => { ${breaks} await pause(100); });
      console.log('went on');`;
    const ended = await run(text);
    expect(ended).toMatchObject({ code: 0, stdout: 'handled nobody caught this\nwent on\n' });
    expect(ended.stderr).toBe('');
    expectTheFailure();
    expect(failed()[0]!.attributes['failure.disposition']).toBeUndefined();
    expect(outcome()).not.toBe('failure');
  });

  test('outside of any graph is none of ours', async () => {
    const ended = await run(`await runNode(() => 1); ${breaks} await pause(60_000);`);
    expect(ended.code).toBe(1);
    expect(failed()).toEqual([]);
  });
});

test('an error that a node has reported is not reported again when it ends the process', async () => {
  const ended = await run(`await runNode(() => { throw new RangeError('nobody caught this'); });`);
  expect(ended.code).toBe(1);
  expectTheFailure();
});

test('an app that takes its rejection handler away dies of the next rejection', async () => {
  const text = `const handle = () => console.log('handled');
    process.on('unhandledRejection', handle);
    await runNode(async () => { ${REJECTS} await pause(100); });
    process.off('unhandledRejection', handle);
    console.log(process.listenerCount('unhandledRejection'));
    ${REJECTS} await pause(60_000);`;
  const ended = await run(text);
  expect(ended).toMatchObject({ code: 1, stdout: 'handled\n0\n' });
  expect(failed()).toHaveLength(1);
});

describe('SIGTERM', () => {
  const kill = { onOutput: (pid: number) => process.kill(pid, 'SIGTERM') };
  const fails = `await runNode(() => { throw new RangeError('nobody caught this'); }).catch(() => {});`;

  test('ends an app with a listener that only acts alone', async () => {
    // As the package signal-exit does.
    const text = `process.on('SIGTERM', function alone() {
        if (process.listeners('SIGTERM').length > 1) return;
        process.off('SIGTERM', alone);
        process.kill(process.pid, 'SIGTERM');
      });
      ${fails} console.log('ready'); await pause(60_000);`;
    const ended = await run(text, {}, kill);
    expect(ended).toMatchObject({ code: null, signal: 'SIGTERM' });
    // It may end before anything was sent; the next start sends it.
    await run(`await runNode(() => 1);`);
    expectTheFailure();
  });

  test('ends an app whose own tracing was set up by us', async () => {
    const text = `${fails} console.log('ready'); await pause(60_000);`;
    const ended = await run(
      text,
      { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
      { ...kill, args: ['--import', built.register] },
    );
    expect(ended).toMatchObject({ code: null, signal: 'SIGTERM' });
    expectTheFailure();
  });
});

describe('the spool', () => {
  const FAILS = `await runNode(() => { throw new RangeError('nobody caught this'); }).catch(() => {});`;

  test('of a killed process is sent by the next one, even if that runs no graph', async () => {
    const killed = await run(
      `${FAILS} process.kill(process.pid, 'SIGKILL'); await pause(60_000);`,
      {
        FAULTLINE_OTLP_ENDPOINT: receiver.url,
      },
    );
    expect(killed.signal).toBe('SIGKILL');
    expect(failed()).toEqual([]);
    apps += 1;
    // As long as a file of the killed one is there, at most half a minute.
    const waits = `
      import { readdirSync } from 'node:fs';
      const looks = setInterval(() => {
        const files = readdirSync(process.env.FAULTLINE_SPOOL_DIR, { recursive: true });
        if (!files.some((file) => file.includes('.spool'))) clearInterval(looks);
      }, 20);
      setTimeout(() => clearInterval(looks), 30_000).unref();
    `;
    const path = built.write(`apps/app-${apps}.mjs`, waits);
    const ended = await start(path, {}, { args: ['--import', built.register] });
    expect(ended).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    expectTheFailure();
    expect(
      readdirSync(spool, { recursive: true }).filter((f) => String(f).includes('.spool')),
    ).toEqual([]);
  });

  test('of one service is not sent by another', async () => {
    await run(`${FAILS} process.kill(process.pid, 'SIGKILL'); await pause(60_000);`);
    await run(`await runNode(() => 1);`, { OTEL_SERVICE_NAME: 'another' });
    expect(failed()).toEqual([]);
    await run(`await runNode(() => 1);`);
    expectTheFailure();
  });

  test('that cannot be written is one line, and everything else works', async () => {
    const ended = await run(FAILS + FAILS, { FAULTLINE_SPOOL_DIR: '/dev/null/spool' });
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(/^faultline: cannot keep failures in \/dev\/null\/spool[^\n]*\n$/);
    expect(failed()).toHaveLength(2);
  });

  test('can be switched off', async () => {
    mkdirSync(spool);
    const ended = await run(FAILS, { FAULTLINE_SPOOL: 'off' });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(spool)).toEqual([]);
    expectTheFailure();
  });
});

test('worker threads and child processes have pipelines of their own', async () => {
  const text = `
    import { fork } from 'node:child_process';
    import { isMainThread, Worker } from 'node:worker_threads';
    const fail = (name) => graph.run({ sessionId: name }, (run) =>
      run.node('work', {}, () => { throw new Error(name); })).catch(() => {});
    if (!isMainThread) await fail('worker');
    else if (process.argv[2] === 'child') await fail('child');
    else {
      new Worker(new URL(import.meta.url));
      fork(new URL(import.meta.url), ['child']);
      await fail('main');
    }`;
  expect(await run(text)).toMatchObject({ code: 0, stderr: '' });
  expect(
    failed()
      .map(({ statusMessage }) => statusMessage)
      .sort(),
  ).toEqual(['child', 'main', 'worker']);
});

test('FAULTLINE_EXPORT=app sends everything through the app, and nothing past it', async () => {
  const text = `
    import { NodeSDK } from '@opentelemetry/sdk-node';
    import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
    const exporter = new InMemorySpanExporter();
    new NodeSDK({ autoDetectResources: false, metricReaders: [], logRecordProcessors: [],
      spanProcessors: [new SimpleSpanProcessor({ exporter })] }).start();
    await runNode(() => { ${REJECTS} throw new Error('no'); }).catch(() => {});
    process.on('unhandledRejection', () => {});
    await pause(50);
    await flush();
    console.log(exporter.getFinishedSpans().map(({ name }) => name).sort().join());`;
  const ended = await run(`process.on('unhandledRejection', () => {});${text}`, {
    FAULTLINE_EXPORT: 'app',
  });
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(ended.stdout.trim()).toBe(
    'execute_graph g,execute_node work,execute_node work,start_graph g',
  );
  expect(receiver.requests).toBe(0);
});
