// The queue's files on a disk that is full again and again: nothing that was taken is lost, and it can
// always be emptied.
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const filler = fileURLToPath(new URL('./disk-filler.ts', import.meta.url));
const SEEDS = [1, 2];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faultline-full-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the filler behind a line of bash, in `$DISK`. */
function fill(prepare: string, seed: number, wrapper: string[] = []) {
  const script = `${prepare}; exec "$0" --import tsx "$1" "$DISK" "$2"`;
  const command = [...wrapper, 'bash', '-c', script, process.execPath, filler, String(seed)];
  const { status, stderr } = spawnSync(command[0]!, command.slice(1), {
    encoding: 'utf8',
    env: { ...process.env, DISK: join(folder, `disk-${seed}`) },
  });
  return { status, stderr };
}

test.each(SEEDS)('files that may not grow, seed %i', (seed) => {
  expect(fill('mkdir -p "$DISK"; ulimit -S -f 3000', seed)).toEqual({ status: 0, stderr: '' });
});

// A file system of its own, which only Linux lets any user make.
const own = ['unshare', '--user', '--map-root-user', '--mount'];
const mount = 'mkdir -p "$DISK" && mount -t tmpfs -o size=6m none "$DISK"';
const canMount = spawnSync(own[0]!, [...own.slice(1), 'true']).status === 0;

test.skipIf(!canMount).each(SEEDS)(
  `a file system of 6 MiB${canMount ? '' : ' (skipped: no user may mount one here)'}, seed %i`,
  (seed) => {
    expect(fill(mount, seed, own)).toEqual({ status: 0, stderr: '' });
  },
);
