// Checks of the machine: Node, native packages, data folder, clock.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { open, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { passwordFile } from '../engine/folder.ts';
import { USER_NAMES } from '../engine/users.ts';
import { type Finding, fail, ok, reasonOf, warn } from './finding.ts';

const run = promisify(execFile);

const OLDEST_NODE = [20, 19] as const;
const NEWEST_TESTED = 24;

/** @param version as `process.versions.node` has it */
export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const needed = OLDEST_NODE.join('.');
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    return fail('node', `Node ${version}`, `install Node ${needed} or later`);
  }
  return major > NEWEST_TESTED
    ? warn(
        'node',
        `Node ${version}`,
        `20 to ${NEWEST_TESTED} are tested; use one of them if in doubt`,
      )
    : ok('node', `Node ${version}`);
}

const ENGINE_MS = 30_000;
/** Loads the library as the engine does, and has it say its version. */
const askEngine = `
  import { createRequire } from 'node:module';
  const require = createRequire(process.argv[1]);
  const { DataType, load, open } = require('ffi-rs');
  open({ library: 'chdb', path: require('chdb/libchdb').libchdbPath() });
  await load({
    library: 'chdb', funcName: 'chdb_query_cmdline', retType: DataType.Void,
    paramsType: [DataType.I32, DataType.StringArray],
    paramsValue: [2, ['clickhouse', '--version']],
    runInNewThread: true, freeResultMemory: false,
  });
  process.kill(process.pid, 'SIGKILL');`;

/**
 * Whether the embedded engine can be loaded and answers, in a process of its own: a library of
 * another platform would take this one with it.
 *
 * @param needed whether Faultline would use it
 */
export async function checkEngine(needed: boolean): Promise<Finding> {
  if (!needed) return ok('engine', 'not needed with --clickhouse-url');
  const advice =
    'run "npm install chdb ffi-rs" (Linux with glibc and macOS have builds), or use a ClickHouse ' +
    'server with --clickhouse-url';
  try {
    const args = ['--input-type=module', '-e', askEngine, import.meta.url];
    const options = { cwd: tmpdir(), timeout: ENGINE_MS, env: { PATH: process.env.PATH } };
    const { stdout, stderr } = await run(process.execPath, args, options).catch(
      (error: { stdout?: string; stderr?: string }) => ({ stdout: '', stderr: '', ...error }),
    );
    const version = /version ([\d.]+\d)/.exec(stdout)?.[1];
    if (version !== undefined) return ok('engine', `loads, ClickHouse ${version}`);
    const said = stderr.split('\n').find((line) => /Error/.test(line));
    return fail('engine', `cannot be loaded: ${said?.trim() ?? 'its process died'}`, advice);
  } catch (error) {
    return fail('engine', `cannot be loaded: ${reasonOf(error)}`, advice);
  }
}

/** Where the passwords of the embedded engine's users are; they are never shown. */
export async function checkPasswords(dataDir: string): Promise<Finding> {
  const files = USER_NAMES.map((user) => passwordFile(dataDir, user));
  const open: string[] = [];
  let there = 0;
  for (const file of files) {
    const mode = await stat(file).then(
      (found) => found.mode,
      () => undefined,
    );
    if (mode === undefined) continue;
    there += 1;
    if ((mode & 0o077) !== 0) open.push(file);
  }
  if (there === 0) return ok('passwords', 'made at the first start, in files of the data folder');
  return open.length === 0
    ? ok('passwords', `of the engine's users: ${files.join(', ')}`)
    : fail('passwords', `others may read ${open.join(', ')}`, `run chmod 600 ${open.join(' ')}`);
}

const MIB = 1024 * 1024;
/** Below this not even the queue can begin. */
const LEAST_FREE_MIB = 256;
/** What the tables need besides the queue. */
const TABLES_MIB = 1024;

/** Whether the data folder can be written, and how much room it has. Leaves nothing in it. */
export async function checkFolder(dataDir: string, queueMaxMib: number): Promise<Finding[]> {
  const root = resolve(dataDir);
  const nearest = await nearestFolder(root);
  const made = nearest === root ? '' : ' (it will be made at the first start)';
  const file = join(nearest, `.faultline-doctor-${randomUUID()}`);
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile('doctor');
      await handle.sync();
    } finally {
      await handle.close();
      await rm(file, { force: true });
    }
  } catch (error) {
    const advice = 'choose another with --data-dir, or change its rights';
    return [fail('data folder', `${root} cannot be written: ${reasonOf(error)}`, advice)];
  }
  return [
    ok('data folder', `${root} can be written${made}`),
    await checkRoom(nearest, queueMaxMib),
  ];
}

async function checkRoom(folder: string, queueMaxMib: number): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder);
  const free = Math.floor((bavail * bsize) / MIB);
  const what = `${free} MiB free`;
  if (free < LEAST_FREE_MIB) {
    return fail('disk', what, 'make room, or choose a --data-dir on another disk');
  }
  const wanted = queueMaxMib + TABLES_MIB;
  return free < wanted
    ? warn(
        'disk',
        what,
        `the queue may grow to ${queueMaxMib} MiB: make room, or lower --queue-max-mib`,
      )
    : ok('disk', what);
}

/** The folder itself, or the nearest above it that exists. */
async function nearestFolder(folder: string): Promise<string> {
  const exists = await statfs(folder).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
  const above = dirname(folder);
  return exists || above === folder ? folder : nearestFolder(above);
}

/** No machine that has this version had its clock before it was made. */
const MADE = Date.UTC(2026, 0, 1);
const LATEST = Date.UTC(2100, 0, 1);

/** @param now milliseconds since 1970 */
export function checkClock(now: number): Finding {
  const what = new Date(now).toISOString();
  return now < MADE || now >= LATEST
    ? fail('clock', what, 'set the clock: by it rows fall to retention, and fixes are judged')
    : ok('clock', what);
}
