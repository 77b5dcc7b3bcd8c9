// A folder for one test file.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class TemporaryFolder {
  readonly #made: Promise<string>;

  constructor(name: string) {
    this.#made = mkdtemp(join(tmpdir(), `faultline-${name}-`));
  }

  /** A folder in it with some files, by name. */
  async with(name: string, files: Readonly<Record<string, string>> = {}): Promise<string> {
    const path = join(await this.#made, name);
    await mkdir(path, { recursive: true });
    for (const [file, text] of Object.entries(files)) {
      await writeFile(join(path, file), text, { mode: 0o600 });
    }
    return path;
  }

  async remove(): Promise<void> {
    await rm(await this.#made, { recursive: true, force: true });
  }
}
