// A build takes dist/ away from every process that runs from it, so `--if-changed` must not see a change where the
// sources are as they were: `.ci/run` tests the pip package, which leaves files, while the fault run starts services.
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { hashInputs } from '../../../deploy/package/inputs.mjs';

const project = fileURLToPath(new URL('../../../', import.meta.url));
const root = `${mkdtempSync(join(tmpdir(), 'faultline-inputs-'))}/`;
for (const folder of ['instrumentation', 'collector', 'query', 'deploy']) {
  mkdirSync(`${root}${folder}/deeper`, { recursive: true });
  writeFileSync(`${root}${folder}/deeper/file.ts`, `export const folder = '${folder}';\n`);
}
for (const file of ['tsconfig.json', 'tsconfig.build.json', 'package.json', 'package-lock.json']) {
  cpSync(project + file, root + file);
}
const before = hashInputs(root);
afterAll(() => rmSync(root, { recursive: true }));

test('what pip, a bundler or an editor leaves beside the sources is no change', () => {
  for (const folder of [
    'python/build/lib',
    'python/faultline/__pycache__',
    'dist',
    'node_modules',
  ]) {
    mkdirSync(`${root}instrumentation/${folder}`, { recursive: true });
    writeFileSync(`${root}instrumentation/${folder}/made`, 'made');
  }
  const later = new Date(Date.now() + 60_000);
  for (const path of ['query', 'query/deeper/file.ts', 'package.json']) {
    utimesSync(root + path, later, later);
  }
  expect(hashInputs(root)).toBe(before);
});

test.each([
  ['another text', 'query/deeper/file.ts', 'export {};\n'],
  ['a new file', 'collector/deeper/other.sql', 'SELECT 1'],
  ['another lock', 'package-lock.json', '{}'],
])('%s is a change', (_, path, text) => {
  const unchanged = hashInputs(root);
  writeFileSync(root + path, text);
  expect(hashInputs(root)).not.toBe(unchanged);
});
