import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { isBuilt } from './test/executable.ts';

// The engine's process starts twice as fast as built.
const builtEngine = fileURLToPath(new URL('./dist/deploy/embedded/index.js', import.meta.url));

export default defineConfig({
  resolve: {
    alias: isBuilt ? [{ find: /^.*\/embedded\/index\.ts$/, replacement: builtEngine }] : [],
  },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/node22/**'],
    globalSetup: ['test/page/built.ts'],
    // Real engines and real processes: generous bounds that only a hang reaches.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Each file may hold an engine of its own, so two at a time is what two cores bear.
    maxWorkers: 2,
    reporters: ['default'],
  },
});
