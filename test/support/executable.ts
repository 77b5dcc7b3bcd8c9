// Which Faultline the tests start as a process: the one that `npm test` has just built, as users run it,
// else the sources.
import { fileURLToPath } from 'node:url';

/** Whether `dist/` is of these sources. */
export const isBuilt = process.env.npm_lifecycle_event === 'test';

const path = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));

/** What Node gets before the verb. */
export const faultline: readonly string[] = isBuilt
  ? [path('dist/deploy/cli/faultline.js')]
  : ['--import', 'tsx', path('deploy/cli/faultline.ts')];
