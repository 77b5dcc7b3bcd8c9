// Writes into a repository what a coding agent needs: MCP settings, a skill, a passage for AGENTS.md.
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CLIENTS, type ClientFile } from './clients.ts';
import { SKILL, withPassage } from './guidance.ts';
import { snippet, withEntry } from './settings-file.ts';

export interface InitOptions {
  /** The repository. */
  readonly folder: string;
  /** Address of the MCP endpoint, as in `http://127.0.0.1:4320/mcp`. */
  readonly mcpUrl: string;
  /** Names of the coding agents to set up. */
  readonly clients: readonly string[];
  /** Whether the query service asks for a token. */
  readonly token: boolean;
  /** Whether to change nothing and only report. */
  readonly dryRun: boolean;
}

/** What became of one file. */
export interface InitResult {
  /** Relative to the repository. */
  readonly path: string;
  readonly action: 'created' | 'changed' | 'unchanged' | 'refused';
  /** Why it was left alone. */
  readonly reason?: string;
  /** What to add by hand to a file that was left alone. */
  readonly add?: string;
  /** The whole text that was, or with `dryRun` would be, written. */
  readonly text?: string;
}

/** Skill folders: the first is Claude Code's, the second the one that Codex, Cursor and VS Code read. */
const SKILL_FILES = ['.claude/skills/faultline/SKILL.md', '.agents/skills/faultline/SKILL.md'];

/** Sets a repository up. A file that exists is only added to; one that cannot be read is left alone. */
export function initRepository(options: InitOptions): InitResult[] {
  const files = CLIENTS.filter(({ client }) => options.clients.includes(client));
  const skills = SKILL_FILES.filter((path) =>
    path.startsWith('.claude') === true
      ? options.clients.includes('claude-code')
      : options.clients.some((client) => client !== 'claude-code'),
  );
  return [
    ...files.map((file) => addServer(file, options)),
    ...skills.map((path) => addSkill(path, options)),
    addPassage(options),
  ];
}

function addServer(file: ClientFile, options: InitOptions): InitResult {
  const { path } = file;
  const entry = file.entry(options.mcpUrl, options.token);
  const before = read(options.folder, path);
  if ('reason' in before) return { path, action: 'refused', ...before, add: snippet(file, entry) };
  const edit = withEntry(file, before.text, entry);
  if (edit.kind === 'unchanged') return { path, action: 'unchanged' };
  if (edit.kind === 'refused') {
    return { path, action: 'refused', reason: edit.reason, add: snippet(file, entry) };
  }
  return write(options, path, before.text, edit.text);
}

function addSkill(path: string, options: InitOptions): InitResult {
  const before = read(options.folder, path);
  if ('reason' in before) return { path, action: 'refused', ...before };
  if (before.text === SKILL) return { path, action: 'unchanged' };
  return before.text === undefined
    ? write(options, path, undefined, SKILL)
    : { path, action: 'refused', reason: 'it was changed by hand; remove it to get the new one' };
}

function addPassage(options: InitOptions): InitResult {
  const path = 'AGENTS.md';
  const before = read(options.folder, path);
  if ('reason' in before) return { path, action: 'refused', ...before };
  const text = withPassage(before.text);
  return text === undefined
    ? { path, action: 'unchanged' }
    : write(options, path, before.text, text);
}

function read(folder: string, path: string): { text: string | undefined } | { reason: string } {
  try {
    return { text: readFileSync(join(folder, path), 'utf8') };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? { text: undefined } : { reason: `it cannot be read: ${message}` };
  }
}

/** Replaces the file in one step, so that nobody reads half of it, and keeps its mode. */
function write(
  { folder, dryRun }: InitOptions,
  path: string,
  before: string | undefined,
  text: string,
): InitResult {
  const action = before === undefined ? 'created' : 'changed';
  if (dryRun) return { path, action, text };
  const file = join(folder, path);
  try {
    mkdirSync(dirname(file), { recursive: true });
    const mode = before === undefined ? 0o644 : statSync(file).mode & 0o777;
    const fresh = `${file}.${process.pid}.new`;
    writeFileSync(fresh, text, { mode });
    renameSync(fresh, file);
  } catch (error) {
    return { path, action: 'refused', reason: `it cannot be written: ${(error as Error).message}` };
  }
  return { path, action, text };
}
