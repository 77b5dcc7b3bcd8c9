import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/page/built.ts'],
    // Real engines and real processes: generous bounds that only a hang reaches.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Each file may hold an engine of its own, so two at a time is what two cores bear.
    maxWorkers: 2,
    reporters: ['default'],
  },
});
