// Finds Hive's files under a folder: event dumps and the logs of sessions.
import { type Dirent, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, isAbsolute, join } from 'node:path';
import type { Say } from './session-logs.ts';

/** What lies under the folder, by path in order. */
export interface Found {
  /** Dumps of the whole bus before the sessions' own, which hold a part of the same events. */
  readonly eventFiles: readonly string[];
  /** Folders that hold a session's logs. */
  readonly logFolders: readonly string[];
  /** Files that hold a graph. */
  readonly graphFiles: readonly string[];
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
  'llm_logs',
]);
/** Agents as Hive writes them: of records there are none, whatever its files are called. */
const AGENTS = 'exports';
const GRAPH_FILES = new Set(['agent.json', 'flowchart.json']);
/** What Hive's server knows of a session, such as where its agent is. */
const META_FILE = 'meta.json';
/** Written before there are logs, and all there is of a run that failed before its first node. */
const SESSION_STATE = /[\\/]sessions[\\/][^\\/]+[\\/]state\.json$/;
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
  const graphFiles = new Set<string>();
  const visit = (folder: string, depth: number, isOfAgents: boolean): void => {
    for (const entry of entriesOf(folder, depth, say)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        const isOther = OTHERS.has(entry.name) || entry.name.startsWith('.');
        const isIn = isOfAgents || entry.name === AGENTS;
        if (!isOther && depth < MAX_DEPTH) visit(path, depth + 1, isIn);
      } else if (GRAPH_FILES.has(entry.name)) graphFiles.add(path);
      else if (isOfAgents) continue;
      else if (entry.name === META_FILE) for (const file of graphsOf(path)) graphFiles.add(file);
      else if (SESSION_STATE.test(path)) logFolders.add(join(folder, 'logs'));
      else if (LOG_FILES.has(entry.name)) logFolders.add(folder);
      else if (isEventFile(path)) eventFiles.push(path);
    }
  };
  visit(dir, 0, basename(dir) === AGENTS);
  const rank = (file: string) => (basename(file) === SESSION_EVENTS ? 1 : 0);
  eventFiles.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return {
    eventFiles,
    logFolders: [...logFolders].sort(),
    graphFiles: [...graphFiles].sort(),
  };
}

const MAX_META_BYTES = 64 * 1024;

/** Graphs in the folder of the agent that a session of Hive's server has loaded. */
function graphsOf(meta: string): string[] {
  try {
    if (statSync(meta).size > MAX_META_BYTES) return [];
    const path = (JSON.parse(readFileSync(meta, 'utf8')) as { agent_path?: unknown })?.agent_path;
    if (typeof path !== 'string' || !isAbsolute(path)) return [];
    return [...GRAPH_FILES].map((name) => join(path, name)).filter((file) => existsSync(file));
  } catch {
    return [];
  }
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
