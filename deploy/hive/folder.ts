// Finds Hive's files under a folder: event dumps and the logs of sessions.
import { type Dirent, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Say } from './session-logs.ts';

/** What lies under the folder, by path in order. */
export interface Found {
  /** Dumps of the whole bus before the sessions' own, which hold a part of the same events. */
  readonly eventFiles: readonly string[];
  /** Folders that hold a session's logs. */
  readonly logFolders: readonly string[];
}

const MAX_DEPTH = 8;
/** Folders of Hive that hold other things, some of them in files with the same endings. */
const OTHERS = new Set([
  'conversations',
  'parts',
  'checkpoints',
  'data',
  'artifacts',
  'node_modules',
  'exports',
  'llm_logs',
]);
const LOG_FILES = new Set(['summary.json', 'details.jsonl', 'tool_logs.jsonl']);
/** With the endings that rotation gives. */
const EVENTS = /\.jsonl(?:\.\d+)?$/;
/** Of a session only its events; it keeps other lists beside them. */
const IN_SESSION = /[\\/]sessions[\\/][^\\/]+[\\/](?!events\.jsonl)[^\\/]+$/;
const SESSION_EVENTS = 'events.jsonl';

/** @throws {Error} if the folder itself cannot be read */
export function findFiles(dir: string, say: Say): Found {
  const eventFiles: string[] = [];
  const logFolders = new Set<string>();
  const visit = (folder: string, depth: number): void => {
    for (const entry of entriesOf(folder, depth, say)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        const isOther = OTHERS.has(entry.name) || entry.name.startsWith('.');
        if (!isOther && depth < MAX_DEPTH) visit(path, depth + 1);
      } else if (LOG_FILES.has(entry.name)) logFolders.add(folder);
      else if (isEventFile(path)) eventFiles.push(path);
    }
  };
  visit(dir, 0);
  const rank = (file: string) => (basename(file) === SESSION_EVENTS ? 1 : 0);
  eventFiles.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return { eventFiles, logFolders: [...logFolders].sort() };
}

function isEventFile(path: string): boolean {
  return EVENTS.test(path) && !IN_SESSION.test(path);
}

function entriesOf(folder: string, depth: number, say: Say): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (depth === 0) throw error;
    say(folder, `it cannot be read: ${(error as Error).message}`);
    return [];
  }
}
