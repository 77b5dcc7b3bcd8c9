// Before the tests: builds the page again where its sources are newer than what was built.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const sources = `${root}query/page`;

export default function setup(): void {
  const built = statSync(`${root}dist/page/index.html`, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const paths = readdirSync(sources, { recursive: true, encoding: 'utf8' });
  if (paths.every((path) => statSync(`${sources}/${path}`).mtimeMs < built)) return;
  const { status } = spawnSync(process.execPath, ['deploy/package/page.mjs'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('the page could not be built: node deploy/package/page.mjs');
}
