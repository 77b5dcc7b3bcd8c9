// Builds dist/: compiles the TypeScript sources and copies the files that are read at run time.
// Runs in the `prepare` step of `npm ci`, so it needs nothing but Node and the installed packages.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { buildPage } from './page.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

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
await buildPage();
chmodSync(`${root}dist/deploy/faultline.js`, 0o755);
