// `npm run record`: renews the recordings of Python frameworks, each in an environment of its own with the packages
// of its `versions.json`. `-- langgraph-openinference agno-openinference`: only these; `-- --newest`: the newest
// packages instead. Those in JavaScript: `npm run test:frameworks -- --record`. What cannot be had is named.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = fileURLToPath(new URL('./', import.meta.url));
const cache = fileURLToPath(new URL('../../../node_modules/.cache/', import.meta.url));
/** The encoder of what is recorded, and the client of models that most frameworks leave to the app. */
const BESIDE = ['opentelemetry-exporter-otlp-proto-http', 'openai'];
const MORE = {
  autogen: ['autogen-ext[openai]'],
  'llama-index-openinference': ['llama-index-llms-openai-like'],
};

const { values, positionals } = parseArgs({
  options: { newest: { type: 'boolean' } },
  allowPositionals: true,
});
const scripts = new Map(
  readdirSync(here)
    .filter((file) => file.endsWith('.py'))
    .flatMap((file) => {
      const [, framework] = /^record\(\s*"([^"]+)"/m.exec(readFileSync(here + file, 'utf8')) ?? [];
      return framework ? [[framework, file]] : [];
    }),
);
const unknown = positionals.filter((name) => !scripts.has(name));
if (unknown.length > 0) {
  console.error(
    `no script records ${unknown.join(', ')}; there are ${[...scripts.keys()].join(', ')}`,
  );
  process.exit(2);
}
const python = process.env.FAULTLINE_PYTHON ?? 'python3';
const uv = 'uv';
const hasUv = spawnSync(uv, ['--version']).status === 0;
const failed = (positionals.length > 0 ? positionals : [...scripts.keys()]).filter(
  (framework) => !record(framework),
);
if (failed.length > 0) console.error(`not recorded: ${failed.join(', ')}`);
process.exitCode = failed.length > 0 ? 1 : 0;

/** Whether its scenarios were recorded. */
function record(framework) {
  console.log(`\n${framework}`);
  const folder = `${cache}faultline-record-${framework}`;
  const own = `${folder}/bin/python`;
  const made =
    existsSync(own) ||
    (hasUv
      ? run(uv, 'venv', '--quiet', '--python', python, folder)
      : run(python, '-m', 'venv', folder));
  const install = hasUv
    ? [uv, 'pip', 'install', '--quiet', '--python', own]
    : [own, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  return (
    made &&
    run(...install, ...packagesOf(framework), ...BESIDE, ...(MORE[framework] ?? [])) &&
    run(own, here + scripts.get(framework))
  );
}

function packagesOf(framework) {
  const path = `${here}../recorded/${framework}.versions.json`;
  const versions = Object.entries(JSON.parse(readFileSync(path, 'utf8')));
  return versions.map(([name, version]) => (values.newest ? name : `${name}==${version}`));
}

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (error) console.error(`${command}: ${error.message}`);
  return status === 0;
}
