// `npm run test:python`: the tests of the pip package in a virtual environment of their own. What cannot be had
// (Python, a package, a checkout of Hive) is left out, and the screen says so.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const project = `${root}instrumentation/python`;
const OLDEST = 10;
const NEWEST = 13;

function run(command, args, options = {}) {
  return spawnSync(command, args, { encoding: 'utf8', cwd: root, ...options });
}

function leaveOut(what, why) {
  console.log(`left out: ${what} (${why})`);
}

/** A Python of 3.10 to 3.13, as `{command, version}`; `FAULTLINE_PYTHON` names another. */
function findPython() {
  const ask = 'import sys; print("%d.%d" % sys.version_info[:2])';
  const names = [3.11, 3.12, 3.13].map((version) => `python${version}`);
  for (const command of [
    process.env.FAULTLINE_PYTHON,
    'python3',
    ...names,
    'python3.10',
    'python',
  ]) {
    if (!command) continue;
    const { status, stdout } = run(command, ['-c', ask]);
    const minor = Number(/^3\.(\d+)/.exec(stdout ?? '')?.[1]);
    if (status === 0 && minor >= OLDEST && minor <= NEWEST)
      return { command, version: `3.${minor}` };
  }
  return undefined;
}

/** Makes the environment, or takes the one of before with the same packages; its Python, or `undefined`. */
function environment({ command, version }, packages) {
  const folder = `${root}node_modules/.cache/faultline-python-${version}`;
  const python = `${folder}/bin/python`;
  const stamp = createHash('sha256')
    .update(readFileSync(`${project}/pyproject.toml`))
    .update(packages.join(' '))
    .digest('hex');
  const stampFile = `${folder}/stamp`;
  const isMade = existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp;
  const hasUv = run('uv', ['--version']).status === 0;
  const install = (...args) =>
    hasUv
      ? run('uv', ['pip', 'install', '--quiet', '--python', python, ...args])
      : run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...args]);
  if (!isMade) {
    mkdirSync(folder, { recursive: true });
    const made = hasUv
      ? run('uv', ['venv', '--quiet', '--allow-existing', '--python', command, folder])
      : run(command, ['-m', 'venv', '--clear', folder]);
    if (made.status !== 0) return leaveOut('all tests in Python', `no environment: ${made.stderr}`);
    const needed = install(project, 'pytest');
    if (needed.status !== 0) {
      return leaveOut('all tests in Python', `packages cannot be had: ${lastLine(needed.stderr)}`);
    }
    for (const name of packages) {
      const { status, stderr } = install(name);
      if (status !== 0) leaveOut(`what needs ${name}`, `it cannot be had: ${lastLine(stderr)}`);
    }
    writeFileSync(stampFile, stamp);
  }
  // As it is now; the packages that it needs are there.
  const { status, stderr } = install('--no-deps', '--force-reinstall', project);
  if (status !== 0) return leaveOut('all tests in Python', lastLine(stderr));
  return python;
}

function lastLine(text) {
  return (text ?? '').trim().split('\n').at(-1);
}

const found = findPython();
if (!found) {
  leaveOut('all tests in Python', 'no Python of 3.10 to 3.13 is found; FAULTLINE_PYTHON names one');
  process.exit(0);
}
// Hive's own packages, as far as what is tried of it needs them.
const ofHive = process.env.FAULTLINE_HIVE ? ['pydantic', 'httpx', 'python-dotenv'] : [];
const python = environment(found, ['langgraph', 'opentelemetry-distro', ...ofHive]);
if (!python) process.exit(0);
if (!process.env.FAULTLINE_HIVE) {
  leaveOut(
    'real Hive',
    'FAULTLINE_HIVE names no checkouts; what it emitted is replayed from fixtures',
  );
}
console.log(`Python ${found.version}: ${python}`);
const { status } = run(python, ['-m', 'pytest', '-ra', ...process.argv.slice(2)], {
  cwd: project,
  stdio: 'inherit',
});
process.exit(status ?? 1);
