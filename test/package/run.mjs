// `npm run test:package`: packs both packages, installs them in an empty folder as a user would, and finds the
// failures of an ESM, a CommonJS and a TypeScript app with `faultline recent`. Says so and passes if the
// registry cannot be reached.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'faultline-package-'));
const REGISTER = '@faultline/instrumentation/register';
const BODY = `
const graph = instrumentGraph({ agentId: NAME, graph: { id: NAME, nodes: [{ id: 'work' }], edges: [] } });
graph.run({}, (run) => run.node('work', { input: { from: NAME } }, () => { throw new RangeError('no luck in ' + NAME); }))
  .catch(() => {});
`;
const APPS = {
  'app.mjs': `import { instrumentGraph } from '@faultline/instrumentation';\nconst NAME = 'esm-app';${BODY}`,
  'app.cjs': `const { instrumentGraph } = require('@faultline/instrumentation');\nconst NAME = 'cjs-app';${BODY}`,
  'app.mts': `import { instrumentGraph } from 'faultline/instrumentation';\nconst NAME: string = 'ts-app';${BODY}`,
};

const npm = (cwd, ...args) =>
  spawnSync('npm', args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' });

let server;
try {
  for (const args of [['-w', '@faultline/instrumentation'], []]) {
    const packed = npm(root, 'pack', ...args, '--pack-destination', folder);
    assert.equal(packed.status, 0, packed.stderr);
  }
  const tarballs = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  assert.equal(tarballs.length, 2);
  const light = join(folder, 'light');
  const full = join(folder, 'full');
  if (install(light, [tarballs.find((name) => name.includes('instrumentation'))])) {
    checkLight(light);
    if (install(full, [...tarballs, 'typescript@5', '@types/node@20'])) await checkFull(full);
  }
} finally {
  server?.kill();
  if (server && server.exitCode === null) await once(server, 'exit');
  rmSync(folder, { recursive: true, force: true });
}

/** Whether the packages could be had. */
function install(cwd, what) {
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'package.json'), '{"name":"app","private":true}');
  const names = what.map((name) => (name.endsWith('.tgz') ? `../${name}` : name));
  const flags = ['--no-audit', '--no-fund', '--prefer-offline'];
  const { status, stdout, stderr } = npm(cwd, 'install', ...flags, ...names, '@opentelemetry/api');
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH/.test(stderr)) {
    console.log(`LEFT OUT: the npm registry cannot be reached\n${stderr}`);
    return false;
  }
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stdout + stderr, /EBADENGINE/);
  return true;
}

/** Alone it is small and starts. */
function checkLight(cwd) {
  const lock = npm(cwd, 'ls', '--all', '--parseable').stdout.trim().split('\n').length - 1;
  assert.ok(lock <= 60, `${lock} packages`);
  for (const flag of ['--import', '--require']) {
    const { status, stderr } = spawnSync(process.execPath, [flag, REGISTER, '-e', ''], {
      cwd,
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    assert.equal(stderr, '', flag);
  }
  console.log(`alone: ${lock} packages`);
}

async function checkFull(cwd) {
  for (const [name, text] of Object.entries(APPS)) writeFileSync(join(cwd, name), text);
  const tsc = join(cwd, 'node_modules/typescript/bin/tsc');
  const options = ['--module', 'nodenext', '--target', 'es2023', '--strict', '--types', 'node'];
  const compiled = spawnSync(process.execPath, [tsc, ...options, '--outDir', 'out', 'app.mts'], {
    cwd,
    encoding: 'utf8',
  });
  assert.equal(compiled.status, 0, compiled.stdout);
  const cli = join(cwd, 'node_modules/faultline/dist/deploy/cli/faultline.js');
  const ports = ['otlp-http', 'otlp-grpc', 'query', 'embedded'].flatMap((n) => [
    `--${n}-port`,
    '0',
  ]);
  server = spawn(process.execPath, [cli, 'start', ...ports, '--log-format', 'json'], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { otlpHttp, query } = await ready(server);
  for (const app of ['app.mjs', 'app.cjs', 'out/app.mjs']) {
    const env = { ...process.env, FAULTLINE_OTLP_ENDPOINT: otlpHttp };
    const ran = spawnSync(process.execPath, ['--import', REGISTER, app], {
      cwd,
      env,
      encoding: 'utf8',
    });
    assert.equal(ran.status, 0, ran.stderr);
    assert.equal(ran.stderr, '');
  }
  let seen = '';
  for (let tries = 0; tries < 60; tries += 1) {
    seen = spawnSync(process.execPath, [cli, 'recent', '--url', query, '--json'], {
      cwd,
      encoding: 'utf8',
    }).stdout;
    if (['esm-app', 'cjs-app', 'ts-app'].every((name) => seen.includes(`no luck in ${name}`))) {
      console.log('faultline recent lists the failures of the three apps');
      return;
    }
  }
  assert.fail(`faultline recent lists:\n${seen}`);
}

async function ready(child) {
  for await (const line of createInterface({ input: child.stdout })) {
    const entry = line.startsWith('{') ? JSON.parse(line) : {};
    if (entry.msg === 'ready') {
      child.stdout.resume();
      return entry;
    }
  }
  throw new Error('faultline start ended before it was ready');
}
