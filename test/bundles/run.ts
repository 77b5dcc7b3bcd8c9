// `npm run test:bundles`: apps bundled by webpack and by Next.js (standalone output), with the packed package, as
// a user would have them. Says so and passes if the registry cannot be reached. esbuild is in `npm test`.
// FAULTLINE_BUNDLES_DIR keeps what was installed.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Receiver } from '../instrumentation/receiver.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const REGISTER = '@faultline/instrumentation/register';
const GRAPH = `
import * as langgraph from '@langchain/langgraph';
const { Annotation, END, START, StateGraph } = langgraph;
const State = Annotation.Root({ value: Annotation() });
const graph = new StateGraph(State).addNode('bad', () => { throw new TypeError('no total'); })
  .addEdge(START, 'bad').addEdge('bad', END).compile({ name: 'bundled' });
`;
const OWN = `
import { instrumentGraph } from '@faultline/instrumentation';
const own = instrumentGraph({ agentId: 'own', graph: { id: 'g', nodes: [], edges: [] } });
function fetchRates() { throw new RangeError('no rates'); }
const runOwn = () => own.run({}, (run) => run.node('fetch', { input: {} }, () => fetchRates()));
`;
const PRINT = '.catch((error) => console.log(error.message));';

const kept = process.env.FAULTLINE_BUNDLES_DIR;
const folder = kept ?? mkdtempSync(join(tmpdir(), 'faultline-bundles-'));
const receiver = new Receiver();
await receiver.start();
try {
  await run(
    'npm',
    ['pack', '-w', '@faultline/instrumentation', '--pack-destination', folder],
    root,
  );
  if (install('webpack', ['webpack@5', 'webpack-cli@6'])) await webpack(join(folder, 'webpack'));
  if (install('next', ['next@16', 'react@19', 'react-dom@19'])) await next(join(folder, 'next'));
} finally {
  await receiver.stop();
  if (!kept) rmSync(folder, { recursive: true, force: true });
}

async function run(command: string, args: string[], cwd: string) {
  const child = spawn(command, args, { cwd, env: environment() });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 0, stdout + stderr);
  return { stdout, stderr };
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, FAULTLINE_OTLP_ENDPOINT: receiver.url, NEXT_TELEMETRY_DISABLED: '1' };
}

/** Whether the packages could be had. */
function install(name: string, packages: string[]): boolean {
  const cwd = join(folder, name);
  mkdirSync(cwd, { recursive: true });
  if (existsSync(join(cwd, 'node_modules/@faultline'))) return true;
  writeFileSync(join(cwd, 'package.json'), '{"private":true}');
  const tarball = readdirSync(folder).find((file) => file.endsWith('.tgz'))!;
  const common = [
    join(folder, tarball),
    '@opentelemetry/api@1.9',
    '@langchain/core@1',
    '@langchain/langgraph@1',
  ];
  const flags = ['install', '--no-audit', '--no-fund', '--prefer-offline'];
  const { status, stderr } = spawnSync('npm', [...flags, ...packages, ...common], {
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

async function webpack(cwd: string): Promise<void> {
  writeFileSync(join(cwd, 'own.mjs'), `${OWN}runOwn()${PRINT}`);
  writeFileSync(join(cwd, 'graph.mjs'), `${GRAPH}graph.invoke({ value: 1 })${PRINT}`);
  const config = `module.exports = { entry: { own: './own.mjs', graph: './graph.mjs' }, target: 'node',
    mode: 'production', output: { filename: '[name].cjs', path: __dirname + '/out' } };`;
  writeFileSync(join(cwd, 'webpack.config.cjs'), config);
  await run('npx', ['webpack', '--config', 'webpack.config.cjs'], cwd);
  const own = await run(process.execPath, ['out/own.cjs'], cwd);
  assert.equal(own.stdout, 'no rates\n');
  expectFailure('execute_node fetch', 'own.cjs');
  const graph = await run(process.execPath, ['--import', REGISTER, 'out/graph.cjs'], cwd);
  assert.equal(graph.stdout, 'no total\n');
  assert.match(graph.stderr, /LangGraph is bundled into .*not recorded/);
  console.log('webpack: recorded with the frames of the app; a bundled framework is named');
}

async function next(cwd: string): Promise<void> {
  mkdirSync(join(cwd, 'app/api/run'), { recursive: true });
  const route = `${GRAPH}${OWN}
    export const dynamic = 'force-dynamic';
    export async function GET() {
      const message = (error) => error.message;
      return Response.json([await graph.invoke({ value: 1 }).catch(message), await runOwn().catch(message)]);
    }`;
  writeFileSync(join(cwd, 'app/api/run/route.js'), route);
  const layout = 'export default ({ children }) => <html><body>{children}</body></html>;';
  writeFileSync(join(cwd, 'app/layout.js'), layout);
  const config = `export default { output: 'standalone', serverExternalPackages: ['@langchain/langgraph'] };`;
  writeFileSync(join(cwd, 'next.config.mjs'), config);
  await run('npx', ['next', 'build'], cwd);
  const server = spawn(process.execPath, ['--import', REGISTER, '.next/standalone/server.js'], {
    cwd,
    env: { ...environment(), PORT: '0', HOSTNAME: '127.0.0.1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const answer = await fetch(`${await addressOf(server.stdout)}/api/run`);
    assert.deepEqual(await answer.json(), ['no total', 'no rates']);
  } finally {
    server.kill();
    await once(server, 'exit');
  }
  expectFailure('execute_node bad', 'standalone');
  expectFailure('execute_node fetch', 'standalone');
  console.log(
    'Next.js: LangGraph kept external and own runs are recorded in the standalone output',
  );
}

async function addressOf(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const found = /Local:\s+(http:\S+)/.exec(line)?.[1];
    if (found !== undefined) {
      output.resume();
      return found;
    }
  }
  throw new Error('the server ended before it listened');
}

function expectFailure(name: string, file: string): void {
  const span = receiver.named(name).at(-1);
  assert.ok(span, `${name} did not arrive`);
  assert.match(String(span.attributes['exception.stacktrace']), new RegExp(file));
}
