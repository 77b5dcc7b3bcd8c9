// Room that is held so that a queue on a full disk can still be emptied.
import { closeSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createFile } from './files.ts';

const BYTES = 1024 * 1024;

export class Reserve {
  private readonly path: string;

  constructor(folder: string) {
    this.path = join(folder, 'reserve');
    this.hold();
  }

  /** Holds it again, when there is room. */
  hold(): void {
    if (existsSync(this.path)) return;
    try {
      closeSync(createFile(this.path, [Buffer.alloc(BYTES)]));
    } catch {
      // Later.
    }
  }

  /** Gives it free. @returns whether there was one */
  release(): boolean {
    if (!existsSync(this.path)) return false;
    rmSync(this.path);
    return true;
  }
}
