// How far reading has come, in one small file. Without it everything is read again, which changes no row:
// it saves time and no more.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';

const fileState = z.object({
  offset: z.number().int().nonnegative(),
  head: z.object({ bytes: z.number().int().nonnegative(), hash: z.string() }).optional(),
  closed: z.record(z.string(), z.number()),
  open: z.record(z.string(), z.string()),
});

const watchState = z.object({
  version: z.literal(1),
  files: z.record(z.string(), fileState).describe('by path under the folder'),
  sessions: z.record(z.string(), z.string()).describe('what was sent of a session'),
  graphs: z.record(z.string(), z.string()).describe('bodies of the versions that open runs use'),
});

export type WatchState = z.infer<typeof watchState>;

export const emptyState = (): WatchState => ({ version: 1, files: {}, sessions: {}, graphs: {} });

/** Reads the state; one that is missing or broken is an empty one. */
export function readState(file: string, complain: (trouble: string) => void): WatchState {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') complain((error as Error).message);
    return emptyState();
  }
  try {
    return watchState.parse(JSON.parse(text));
  } catch {
    complain('it is no state of this version; everything is read again');
    return emptyState();
  }
}

/** Writes the state in one step. @throws {Error} if it cannot be written */
export function writeState(file: string, state: WatchState): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.draft`;
  writeFileSync(draft, JSON.stringify(state));
  renameSync(draft, file);
}
