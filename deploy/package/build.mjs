// Builds dist/ and instrumentation/dist/: compiles the TypeScript sources and copies the files that are read at
// run time. Runs when `npm ci` does, so it needs nothing but Node and the installed packages.
// `--if-changed`: only when something is newer than the last build.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { buildInstrumentation } from './instrumentation.mjs';
import { buildPage } from './page.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

const stamp = `${root}dist/.built`;
if (process.argv.includes('--if-changed') && existsSync(stamp)) {
  const { mtimeMs } = statSync(stamp);
  if (!inputs().some((path) => statSync(path).mtimeMs > mtimeMs)) process.exit(0);
}

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
writeFileSync(stamp, '');

/** What the build reads, and the folders of it, whose time changes when a file goes. */
function inputs() {
  const folders = ['instrumentation', 'collector', 'query', 'deploy'].map((name) => root + name);
  const files = ['tsconfig.json', 'tsconfig.build.json', 'package.json', 'package-lock.json'];
  const within = (folder) =>
    readdirSync(folder, { recursive: true })
      .filter((name) => !name.startsWith('dist') && !name.startsWith('node_modules'))
      .map((name) => `${folder}/${name}`);
  return [...folders, ...folders.flatMap(within), ...files.map((name) => root + name)];
}
