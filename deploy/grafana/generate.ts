// Writes dashboards/*.json from their definitions; with --check says which are out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { toJson } from './dashboard.ts';
import { dashboards } from './dashboards.ts';

const check = process.argv.includes('--check');
for (const dashboard of dashboards) {
  const path = `dashboards/${dashboard.name}.json`;
  const url = new URL(path, import.meta.url);
  const text = toJson(dashboard);
  if (!check) {
    writeFileSync(url, text);
  } else if (readFileSync(url, 'utf8') !== text) {
    console.error(`${path} differs from its definition: run \`npm run generate\``);
    process.exitCode = 1;
  }
}
