// The Chromium of this machine.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const VARIABLE = 'FAULTLINE_CHROMIUM';

const canRun = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** Path of a Chromium of this machine, if there is one. */
export const found = [
  ...(process.env[VARIABLE] ? [process.env[VARIABLE]] : []),
  ...(process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name))),
].find(canRun);

/** Whether there is no Chromium here; says on the screen that the tests of `file` are left out then. */
export function isWithoutChromium(file: string): boolean {
  if (found) return false;
  process.stderr.write(
    `\nLEFT OUT: all tests of ${file}, because no Chromium was found.\n` +
      `  Looked for ${NAMES.join(', ')} on the PATH, and for ${VARIABLE} in the environment.\n` +
      '  On Debian: apt-get install chromium\n\n',
  );
  return true;
}

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: found!,
    // As root, as in CI, Chromium's own sandbox does not start; the pages are ours.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  });
