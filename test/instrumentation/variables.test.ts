// Every variable that the instrumentation reads, in both languages, stands in the table that docs/settings.md
// is made from. In TypeScript the compiler sees to it.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { VARIABLES } from '../../instrumentation/semconv/variables.ts';

const sources = new URL('../../instrumentation/', import.meta.url);

/** Names of variables that the sources hold as strings of their own. */
const named = (folder: string, ending: string): string[] =>
  readdirSync(new URL(folder, sources), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending) && !/(?:^|\/)(?:dist|node_modules|tests)\//.test(file))
    .flatMap((file) => [
      ...readFileSync(new URL(`${folder}${file}`, sources), 'utf8').matchAll(
        /(?:["']|\benv\.)(FAULTLINE_[A-Z_]+)\b/g,
      ),
    ])
    .map((found) => found[1]!);

it.each([
  ['TypeScript', './', '.ts'],
  ['Python', 'python/faultline/', '.py'],
])('%s reads no variable that is not in the table', (_language, folder, ending) => {
  const names = new Set(named(folder, ending));
  expect(names.size).toBeGreaterThan(5);
  expect([...names].filter((name) => !(name in VARIABLES))).toEqual([]);
});
