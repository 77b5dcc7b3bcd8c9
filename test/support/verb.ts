// Runs a verb of the command line as a process of its own.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { faultline } from './executable.ts';
import type { World } from './world.ts';

const run = promisify(execFile);

/** What the verb prints; rejects with its `stderr` when it fails. */
export const verb = (world: World, ...args: string[]): Promise<string> =>
  verbWith(world, {}, ...args);

/** The same with variables set beside those of this process. */
export async function verbWith(
  world: World,
  variables: Readonly<Record<string, string>>,
  ...args: string[]
): Promise<string> {
  const all = [...faultline, ...args, '--url', world.query];
  const { stdout } = await run(process.execPath, all, { env: { ...process.env, ...variables } });
  return stdout;
}
