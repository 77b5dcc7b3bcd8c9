// Before the tests: a folder for the data of their engines, which goes when the last worker has ended.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The variable that tells workers where it is. */
export const ENGINE_FOLDER = 'FAULTLINE_TEST_ENGINES';

export default async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'faultline-engines-'));
  process.env[ENGINE_FOLDER] = folder;
  // An engine ends a moment after its worker.
  return () => rm(folder, { recursive: true, force: true, maxRetries: 10 });
}
