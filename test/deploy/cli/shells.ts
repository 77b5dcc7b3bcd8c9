// Programs of the system that tests use where they are there.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

function isThere(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Whether a program is not there; says on the screen what is left out then. */
export function isWithout(program: string, what: string): boolean {
  if (isThere(program)) return false;
  process.stderr.write(`\nLEFT OUT: ${what}, because there is no ${program} on the PATH.\n\n`);
  return true;
}
