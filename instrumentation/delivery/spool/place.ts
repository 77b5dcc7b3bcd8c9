// Where the spool lies, and whether it may be trusted with what failed nodes received.
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type Environment, isOff, variable } from '../../semconv/variables.ts';

/**
 * The folder of a service's spools for one collector, without making it: `FAULTLINE_SPOOL_DIR`, else
 * `$XDG_STATE_HOME/faultline-spool`, else `faultline-spool-<user id>` in the system's folder for
 * temporary files; below it `<service>-<digest of the collector's address>`, so that nothing goes to a
 * collector that it was not meant for.
 * @returns `undefined` if `FAULTLINE_SPOOL` turns it off (`false`, `0`, `no`, `off`)
 */
export function spoolPlace(
  service: string,
  collector: string,
  env: Environment = process.env,
  base: string = baseOf(env),
): string | undefined {
  if (isOff(variable('FAULTLINE_SPOOL', env))) return undefined;
  const digest = createHash('sha256').update(`${service}\n${collector}`).digest('hex').slice(0, 12);
  const readable = service.replace(/[^A-Za-z0-9_.-]+/g, '_').slice(0, 64) || 'service';
  // The app may change its working folder.
  return resolve(base, `${readable}-${digest}`);
}

/**
 * Makes a folder with mode 0700, its parents too.
 * @throws {Error} if that cannot be done, or if it is a link or another user's: then others could read
 *   the spool or put something into it
 */
export function makePrivate(folder: string): void {
  makeFolders(folder);
  const found = lstatSync(folder);
  if (!found.isDirectory()) throw new Error(`${folder} is no folder`);
  const me = process.getuid?.();
  if (me === undefined) return;
  if (found.uid !== me) throw new Error(`${folder} belongs to another user`);
  if ((found.mode & 0o077) !== 0) throw new Error(`${folder} is open to other users`);
}

/** One by one: Node's own `recursive` never comes back from below `/proc`. */
function makeFolders(folder: string): void {
  const missing: string[] = [];
  for (let at = folder; !existsSync(at) && dirname(at) !== at; at = dirname(at))
    missing.unshift(at);
  for (const one of missing) {
    try {
      mkdirSync(one, { mode: 0o700 });
    } catch (error) {
      // Another process may have made it meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function baseOf(env: Environment): string {
  const own = variable('FAULTLINE_SPOOL_DIR', env);
  if (own) return own;
  const state = env.XDG_STATE_HOME?.trim();
  if (state) return join(state, 'faultline-spool');
  return join(tmpdir(), `faultline-spool-${process.getuid?.() ?? 'user'}`);
}
