// Runs every benchmark of this folder in a process of its own, so that none warms up the other:
// `npm run bench`, or `npm run bench -- reader` for those whose file name has that word.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';

export interface Benchmark {
  name: string;
  /** Measures and prints a table. */
  run(): Promise<void>;
}

const folder = new URL('./', import.meta.url);
const [chosen, only] = process.argv.slice(2);

if (chosen === '--file') {
  register('./built.mjs', import.meta.url);
  // tsx asks for them: with them, reading a stack costs more than all the rest of a failure.
  process.setSourceMapsEnabled(false);
  const benchmark: Benchmark = await import(new URL(only!, folder).href);
  console.log(`\n${benchmark.name}\n`);
  await benchmark.run();
} else {
  const files = readdirSync(folder).filter((file) => file.endsWith('.bench.ts'));
  for (const file of files.filter((name) => name.includes(chosen ?? ''))) {
    const self = fileURLToPath(import.meta.url);
    const args = [...process.execArgv, '--expose-gc', self, '--file', file];
    const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
    if (status !== 0) process.exitCode = 1;
  }
}
