// A session's logs: summary.json, details.jsonl and tool_logs.jsonl, with state.json beside them. They are
// small and rewritten rarely, so they are read whole.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { z } from 'zod';
import {
  type NodeDetail,
  nodeDetail,
  type RunSummary,
  runSummary,
  type SessionState,
  type StepLog,
  sessionState,
  stepLog,
} from './records.ts';

/** Says something about a file; once for each file and kind of trouble. */
export type Say = (file: string, trouble: string) => void;

/** Where one session's logs are. */
export interface SessionFolder {
  /** `sessions/<id>/logs` or, before v0.5, `runs/<id>`. */
  readonly logs: string;
  readonly sessionId: string;
  /** The folder of the agent, which bears its name. */
  readonly agentFolder: string;
}

/** What a session's files say about a run that events report; empty where there are none. */
export interface SessionView {
  /** Level 2, all rows that there are now. */
  details(): readonly NodeDetail[];
  state(): SessionState | undefined;
}

/** What the logs of one session say. */
export interface SessionLogs {
  readonly folder: SessionFolder;
  readonly details: readonly NodeDetail[];
  readonly steps: readonly StepLog[];
  readonly summary: RunSummary | undefined;
  readonly state: SessionState | undefined;
}

const MAX_FILE_BYTES = 256 * 1024 * 1024;

/** The session whose logs are in this folder, by the folder's name. */
export function sessionOf(logs: string): SessionFolder {
  const session = basename(logs) === 'logs' ? dirname(logs) : logs;
  const agentFolder = basename(dirname(dirname(session)));
  return { logs, sessionId: basename(session), agentFolder };
}

/** What the Python package leaves in a session's folder whose runs it reports: decision 46. */
const MARK = 'faultline.json';

/** Whether the Python package inside Hive reports the session's runs. */
export function isReportedInside(folder: SessionFolder): boolean {
  return existsSync(join(homeOf(folder), MARK));
}

/** Sizes and times of the files, to see whether anything changed; '' if there are none. */
export function signatureOf(folder: SessionFolder): string {
  const files = [...LOG_FILES.map((name) => join(folder.logs, name)), stateFile(folder)];
  return files
    .map((file) => statSync(file, { throwIfNoEntry: false }))
    .map((stat) => (stat ? `${stat.size}.${Math.trunc(stat.mtimeMs)}` : ''))
    .join(' ')
    .trim();
}

const LOG_FILES = ['summary.json', 'details.jsonl', 'tool_logs.jsonl'];

/** A session's files as they are at one time; each is read when it is asked for first. */
export class CachedView implements SessionView {
  readonly signature: string;
  readonly #folder: SessionFolder;
  readonly #say: Say;
  #details: readonly NodeDetail[] | undefined;
  #state: { readonly value: SessionState | undefined } | undefined;

  constructor(folder: SessionFolder, signature: string, say: Say) {
    this.#folder = folder;
    this.signature = signature;
    this.#say = say;
  }

  details(): readonly NodeDetail[] {
    this.#details ??= readDetails(this.#folder, this.#say);
    return this.#details;
  }

  state(): SessionState | undefined {
    this.#state ??= { value: readSessionState(this.#folder, this.#say) };
    return this.#state.value;
  }
}

/** Reads all there is; what is broken is said and left out. */
export function readSession(folder: SessionFolder, say: Say): SessionLogs {
  return {
    folder,
    details: readDetails(folder, say),
    steps: readLines(join(folder.logs, 'tool_logs.jsonl'), stepLog, say),
    summary: readJson(join(folder.logs, 'summary.json'), runSummary, say),
    state: readSessionState(folder, say),
  };
}

/** `state.json` only. */
export function readSessionState(folder: SessionFolder, say: Say): SessionState | undefined {
  return readJson(stateFile(folder), sessionState, say);
}

/** Level 2 only. */
export function readDetails(folder: SessionFolder, say: Say): NodeDetail[] {
  return readLines(join(folder.logs, 'details.jsonl'), nodeDetail, say);
}

/** The session's own folder. */
function homeOf({ logs }: SessionFolder): string {
  return basename(logs) === 'logs' ? dirname(logs) : logs;
}

function stateFile(folder: SessionFolder): string {
  return join(homeOf(folder), 'state.json');
}

function readJson<T>(file: string, schema: z.ZodType<T>, say: Say): T | undefined {
  const text = readText(file, say);
  if (text === undefined) return undefined;
  return parse(text, schema, (trouble) => say(file, trouble));
}

function readLines<T>(file: string, schema: z.ZodType<T>, say: Say): T[] {
  const lines = (readText(file, say) ?? '').split('\n');
  const rest = lines.pop() ?? '';
  if (rest.trim() !== '') say(file, 'it ends in half a line, which is read when it is whole');
  return lines.flatMap((line) => {
    if (line.trim() === '') return [];
    const record = parse(line, schema, (trouble) => say(file, trouble));
    return record === undefined ? [] : [record];
  });
}

/** Reads one JSON record, or says what is wrong with it. */
export function parse<T>(
  text: string,
  schema: z.ZodType<T>,
  complain: (trouble: string) => void,
): T | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    complain('it holds what is no JSON; that is left out');
    return undefined;
  }
  const read = schema.safeParse(json);
  if (read.success) return read.data;
  const issue = read.error.issues[0]!;
  const field = issue.path.join('.') || 'record';
  complain(`it holds a record of an unknown form (${field}: ${issue.message}); that is left out`);
  return undefined;
}

function readText(file: string, say: Say): string | undefined {
  try {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (!stat?.isFile()) return undefined;
    if (stat.size > MAX_FILE_BYTES) {
      say(file, `it has ${stat.size} bytes, more than ${MAX_FILE_BYTES}: not read`);
      return undefined;
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    say(file, `it cannot be read: ${(error as Error).message}`);
    return undefined;
  }
}
