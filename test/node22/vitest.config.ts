import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('../..'),
  test: {
    include: ['test/node22/**/*.test.ts'],
    // As Node loads it, so that the hook sees what it imports.
    server: { deps: { external: [/\/dist\//] } },
    execArgv: ['--import', here('./one-api.mjs')],
    // Mastra counts its users.
    env: { MASTRA_TELEMETRY_DISABLED: '1' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    reporters: ['default'],
  },
});
