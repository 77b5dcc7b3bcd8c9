// Who a change is signed by that a person makes in a terminal.
import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';

/** Most characters of a name; 256 UTF-16 units are recorded, and a character has up to two. */
const MAX_NAME = 128;
const GIT_TIMEOUT_MS = 1000;

/** The name in git's settings, otherwise that of the user of the operating system, otherwise `unknown`. */
export async function personAtTerminal(): Promise<string> {
  const name = (await gitName()) || userName() || 'unknown';
  return [...name].slice(0, MAX_NAME).join('');
}

/** Empty where git is missing, slow, or has no name. */
async function gitName(): Promise<string> {
  try {
    const options = { timeout: GIT_TIMEOUT_MS, windowsHide: true };
    const { stdout } = await promisify(execFile)('git', ['config', 'user.name'], options);
    return stdout.trim();
  } catch {
    return '';
  }
}

/** Empty for a user without an entry in the system's list, as containers have. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return '';
  }
}
