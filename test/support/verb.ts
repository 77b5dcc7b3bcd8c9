// Runs a verb of the command line as a process of its own.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { faultline } from './executable.ts';
import type { World } from './world.ts';

const run = promisify(execFile);

/** What the verb prints; rejects with its `stderr` when it fails. */
export async function verb(world: World, ...args: string[]): Promise<string> {
  const all = [...faultline, ...args, '--url', world.query];
  const { stdout } = await run(process.execPath, all);
  return stdout;
}
