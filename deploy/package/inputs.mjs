// What the build reads, as one hash: who asks `--if-changed` learns by it whether dist/ is what these files give.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

const FOLDERS = ['instrumentation', 'collector', 'query', 'deploy'];
const FILES = ['tsconfig.json', 'tsconfig.build.json', 'package.json', 'package-lock.json'];
/** Nothing of these goes into dist/; pip leaves and removes files in the last. */
const UNREAD = /^instrumentation\/(?:dist|node_modules|python)$/;

/**
 * By content, not by time: a file that is touched, or comes and goes beside the sources, must not take dist/ away
 * from processes that run from it.
 *
 * @param root the project's folder, with a slash at its end
 * @returns 64 hex digits
 */
export function hashInputs(root) {
  const hash = createHash('sha256');
  for (const path of [...FILES, ...FOLDERS.flatMap((folder) => filesOf(root, folder))]) {
    hash.update(`${path}\0`).update(
      createHash('sha256')
        .update(readFileSync(root + path))
        .digest(),
    );
  }
  return hash.digest('hex');
}

function filesOf(root, folder) {
  return readdirSync(root + folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isFile()) return [path];
      return entry.isDirectory() && !UNREAD.test(path) ? filesOf(root, path) : [];
    });
}
