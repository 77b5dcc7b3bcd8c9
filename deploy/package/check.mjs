// `npm run check`: everything that can be said about the sources without running them.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const steps = [
  ['types', 'tsc', '-p', 'tsconfig.json'],
  ['types of the page', 'tsc', '-p', 'query/page/tsconfig.json'],
  ['lint and format', 'biome', 'check', '--error-on-warnings', '.'],
  ['unused code', 'knip', '--no-progress'],
  [
    'dependency arrows',
    'depcruise',
    '--config',
    '.dependency-cruiser.cjs',
    'instrumentation',
    'collector',
    'query',
    'deploy',
  ],
  ['generated files', 'tsx', 'instrumentation/semconv/generate.ts', '--check'],
  ['rules of redaction', 'tsx', 'instrumentation/redaction/generate.ts', '--check'],
  ['statement names', 'tsx', 'query/sql/generate.ts', '--check'],
  ['dashboards', 'tsx', 'deploy/grafana/generate.ts', '--check'],
  ['page of settings', 'tsx', 'deploy/cli/settings-page.ts', '--check'],
  ['page of dialects', 'tsx', 'collector/dialects/generate.ts', '--check'],
];

let failed = 0;
for (const [title, command, ...args] of steps) {
  console.log(`\n== ${title}: ${command} ${args.join(' ')}`);
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${root}node_modules/.bin:${process.env.PATH}` },
  });
  if (error) console.error(error.message);
  if (status !== 0) failed += 1;
}
console.log(
  failed ? `\n${failed} of ${steps.length} checks failed` : `\nall ${steps.length} checks passed`,
);
process.exit(failed ? 1 : 0);
