// Python, Go and Java with the clients in them, kept in `~/.cache/faultline-clients` for all checkouts.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('./', import.meta.url));
const cache = join(homedir(), '.cache/faultline-clients/');

/** This machine lacks what a client needs; the message says what. */
export class Missing extends Error {
  override name = 'Missing';
}

/** A program that runs clients, and the arguments that come before a client's own. */
export type Program = readonly string[];

/** A Python with the packages of `python/requirements.txt`. */
export function python(): Program {
  const folder = `${cache}python`;
  const program = `${folder}/bin/python`;
  const requirements = `${here}python/requirements.txt`;
  once('python', readFileSync(requirements), () => {
    const found = process.env.FAULTLINE_PYTHON ?? 'python3';
    run('Python', [found, '-m', 'venv', '--clear', folder]);
    run('packages of Python', [program, '-m', 'pip', 'install', '-q', '-r', requirements]);
  });
  return [program];
}

/** A program of a folder with a Go module. */
export function go(name: 'go' | 'otelcol'): Program {
  const folder = `${here}${name}`;
  const program = `${cache}${name}`;
  const files = ['main.go', 'go.mod', 'go.sum'].map((file) => readFileSync(`${folder}/${file}`));
  once(name, Buffer.concat(files), () => {
    run(
      `Go, or modules of it`,
      ['go', 'build', '-trimpath', '-ldflags=-s -w', '-o', program, '.'],
      folder,
    );
  });
  return [program];
}

/** The JDBC driver before a Java source file. */
export function java(): Program {
  const jars = `${cache}java`;
  const pom = `${here}java/pom.xml`;
  once('java', readFileSync(pom), () => {
    const copy = 'dependency:copy-dependencies';
    run('Maven, or packages of it', ['mvn', '-q', '-f', pom, copy, `-DoutputDirectory=${jars}`]);
  });
  run('Java', ['java', '-version']);
  return ['java', '-cp', `${jars}/*`, `${here}java/Jdbc.java`];
}

/** Makes something unless it was made of the same files before. */
function once(name: string, files: Buffer, make: () => void): void {
  const stampFile = `${cache}${name}.stamp`;
  const stamp = createHash('sha256').update(files).digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  mkdirSync(cache, { recursive: true });
  console.log(`preparing ${name}; the first time takes minutes`);
  make();
  writeFileSync(stampFile, stamp);
}

function run(what: string, [command = '', ...args]: readonly string[], cwd = here): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status === 0) return;
  const text = error?.message ?? `${stderr}${stdout}`.trim().split('\n').at(-1);
  throw new Missing(`${what} cannot be had: ${text}`);
}
