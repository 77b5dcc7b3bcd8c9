import { existsSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { defineConfig, type Plugin } from 'vitest/config';
import { isBuilt } from './test/support/executable.ts';

const root = import.meta.dirname;
const test = resolve(root, 'test');

/** Tests of the instrumentation look into its rooms; built it is a few files, with one state for all of it. */
const rooms = resolve(test, 'instrumentation');

function builtPath(source: string): string {
  const path = source.replace(/\.ts$/, '.js');
  const [, inside] = /^instrumentation\/(.*)/.exec(path) ?? [];
  return inside ? `instrumentation/dist/${inside}` : `dist/${path}`;
}

/** Gives tests the built file for a source, where there is one: what users get, and it loads in half the time. */
const built: Plugin = {
  name: 'built',
  enforce: 'pre',
  resolveId(source, importer) {
    if (
      !importer?.startsWith(test) ||
      importer.startsWith(rooms) ||
      !/^\.\.?\/.*\.ts$/.test(source)
    )
      return null;
    const file = relative(root, resolve(dirname(importer), source));
    const path = resolve(root, builtPath(file));
    return existsSync(path) ? path : null;
  },
};

/** Sets global things of OpenTelemetry or of the process; each file of these gets a process of its own. */
const FRESH = [
  'test/{instrumentation,end-to-end,crash}/**/*.test.ts',
  'test/collector/telemetry/traces.test.ts',
];

const plugins = isBuilt ? [built] : [];
const server = { deps: { external: [/\/dist\//] } };
// Real engines and real processes: generous bounds that only a hang reaches.
const bounds = {
  testTimeout: 180_000,
  hookTimeout: 240_000,
  // For a condition that is waited for; the default, a second, is too short beside the other tests.
  expect: { poll: { timeout: 60_000 } },
  setupFiles: ['test/support/seed.ts'],
};

export default defineConfig({
  test: {
    // Each file may hold an engine of its own, and waits much: three at a time keep two cores busy.
    maxWorkers: 3,
    reporters: ['default'],
    globalSetup: ['test/query/page/built.ts', 'test/support/engine-folder.ts'],
    projects: [
      {
        plugins,
        test: {
          ...bounds,
          setupFiles: [...bounds.setupFiles, 'test/support/time-limits.mjs'],
          name: 'fresh',
          include: FRESH,
          server,
        },
      },
      {
        plugins,
        test: {
          ...bounds,
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: ['**/node_modules/**', 'test/node22/**', ...FRESH],
          // Loading what a file needs takes 2.5 s of CPU; so it is loaded once in a worker.
          isolate: false,
          server,
        },
      },
    ],
  },
});
