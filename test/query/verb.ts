// Runs a verb of the command line on the sources, as a process of its own.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { World } from '../world.ts';

const executable = fileURLToPath(new URL('../../deploy/faultline.ts', import.meta.url));
const run = promisify(execFile);

/** What the verb prints; rejects with its `stderr` when it fails. */
export async function verb(world: World, ...args: string[]): Promise<string> {
  const all = ['--import', 'tsx', executable, ...args, '--url', world.query];
  const { stdout } = await run(process.execPath, all);
  return stdout;
}
