// Checks of the machine: Node, native packages, data folder, clock.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { open, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
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
const askEngine =
  "const { default: chdb } = await import(process.argv[1]); process.stdout.write(chdb.query('SELECT version()', 'TabSeparated'))";

/**
 * Whether the embedded engine can be loaded and answers, in a process of its own: a library of
 * another platform would take this one with it.
 *
 * @param needed whether Faultline would use it
 */
export async function checkChdb(needed: boolean): Promise<Finding> {
  if (!needed) return ok('chdb', 'not needed with --clickhouse-url');
  const advice =
    'run "npm install chdb" (it has builds for Linux with glibc and macOS), or use a ClickHouse ' +
    'server with --clickhouse-url';
  try {
    const address = import.meta.resolve('chdb');
    const { stdout } = await run(
      process.execPath,
      ['--input-type=module', '-e', askEngine, address],
      { cwd: tmpdir(), timeout: ENGINE_MS, env: { ...process.env, NODE_OPTIONS: '' } },
    );
    return ok('chdb', `loads, ClickHouse ${stdout.trim()}`);
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    const said = stderr?.split('\n').find((line) => /Error/.test(line));
    return fail('chdb', `cannot be loaded: ${said?.trim() ?? reasonOf(error)}`, advice);
  }
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
  const told = `${free} MiB free`;
  if (free < LEAST_FREE_MIB) {
    return fail('disk', told, 'make room, or choose a --data-dir on another disk');
  }
  const wanted = queueMaxMib + TABLES_MIB;
  return free < wanted
    ? warn(
        'disk',
        told,
        `the queue may grow to ${queueMaxMib} MiB: make room, or lower --queue-max-mib`,
      )
    : ok('disk', told);
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
  const told = new Date(now).toISOString();
  return now < MADE || now >= LATEST
    ? fail('clock', told, 'set the clock: by it rows fall to retention, and fixes are judged')
    : ok('clock', told);
}
