// Builds dist/ and instrumentation/dist/: compiles the TypeScript sources and copies the files that are read at
// run time. Runs when `npm ci` does, so it needs nothing but Node and the installed packages.
// `--if-changed`: only when what it reads is not what the last build read.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { hashInputs } from './inputs.mjs';
import { buildInstrumentation } from './instrumentation.mjs';
import { buildPage } from './page.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

const stamp = `${root}dist/.built`;
const inputs = hashInputs(root);
const isBuilt = existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs;
if (isBuilt && process.argv.includes('--if-changed')) process.exit(0);

rmSync(`${root}dist`, { recursive: true, force: true });
const compiled = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

const isStatement = (path) => statSync(path).isDirectory() || path.endsWith('.sql');
for (const folder of ['collector', 'deploy', 'query']) {
  cpSync(`${root}${folder}`, `${root}dist/${folder}`, { recursive: true, filter: isStatement });
}
cpSync(`${root}deploy/demo/agent`, `${root}dist/deploy/demo/agent`, { recursive: true });
await buildInstrumentation();
await buildPage();
chmodSync(`${root}dist/deploy/cli/faultline.js`, 0o755);
writeFileSync(stamp, inputs);
