// `npm run test:node22`: the tests of this folder, on Node 22, with packages that need it, against dist/.
// The packages and a Node 22 come from npm into this folder alone; `npm test` needs none of them.
// `-- mastra`: only test files with that word in their names.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const root = here('../..');

if (!isInstalled()) {
  console.log('test/node22 is not installed or older than its lock: npm ci --prefix test/node22');
  run('npm', ['ci', '--prefix', 'test/node22'], { shell: process.platform === 'win32' });
}
const node = node22();
const { NODE_PATH: _, ...env } = process.env;
run(node, [here('../../node_modules/typescript/bin/tsc'), '-p', 'test/node22'], { env });
const vitest = here('../../node_modules/vitest/vitest.mjs');
const config = ['--config', 'test/node22/vitest.config.ts'];
run(node, [vitest, 'run', ...config, ...process.argv.slice(2)], { env });

function isInstalled() {
  const installed = here('node_modules/.package-lock.json');
  return (
    existsSync(installed) &&
    statSync(installed).mtimeMs >= statSync(here('package-lock.json')).mtimeMs
  );
}

/** This Node if it is new enough, else the one of the folder's packages. */
function node22() {
  if (Number(process.versions.node.split('.')[0]) >= 22) return process.execPath;
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const file = platform === 'win' ? 'node.exe' : 'node';
  for (const prefix of ['node', 'node-bin']) {
    const path = here(`node_modules/${prefix}-${platform}-${process.arch}/bin/${file}`);
    if (existsSync(path)) return path;
  }
  console.error(
    `npm has no Node 22 for ${process.platform}-${process.arch} here: run this on Node 22`,
  );
  process.exit(1);
}

function run(command, args, options) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) console.error(error.message);
  if (status !== 0) process.exit(status ?? 1);
}
