// Completion as real shells do it, with a real service that knows agents of bad names.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../end-to-end/processes.ts';
import { faultline } from '../../support/executable.ts';
import { failedAttempt, startWorld, type World } from '../../support/world.ts';
import { isWithout } from './shells.ts';

let world: World;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faultline-completion-'));
  world = await startWorld();
  await world.send(
    failedAttempt('invoice-agent'),
    failedAttempt(`in$(touch ${folder}/HACKED)`),
    failedAttempt('in;other word'),
  );
  const executable = join(folder, 'faultline');
  const parts = [process.execPath, ...faultline].map((part) => `'${part}'`);
  await writeFile(executable, `#!/bin/sh\nexec ${parts.join(' ')} "$@"\n`);
  await chmod(executable, 0o755);
});
afterAll(async () => {
  await world?.end();
  await rm(folder, { recursive: true, force: true });
});

/** What a shell prints for a script, in lines. */
async function linesOf(shell: string, args: string[], script: string): Promise<string[]> {
  const path = `${folder}${delimiter}${process.env.PATH}`;
  const child = spawn(shell, [...args, '-c', script], {
    cwd: root,
    env: { ...process.env, PATH: path, FAULTLINE_URL: world.query, TERM: 'dumb', HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  expect(stderr).toBe('');
  return stdout.split('\n').filter(Boolean);
}

/** What was typed, and what may stand in place of its last word. */
const CASES: [typed: string[], found: string[]][] = [
  [['rec'], ['recent', 'record-evolution']],
  [['deadletters', 'r'], ['replay']],
  [['groups', '--sta'], ['--state']],
  [
    ['groups', '--state', 're'],
    ['regressed', 'resolved'],
  ],
  [['start', '--query-p'], ['--query-port']],
  [
    ['completion', ''],
    ['bash', 'fish', 'zsh'],
  ],
  [['help', 'time'], ['timeline']],
  [['recent', '--agent', 'in'], ['invoice-agent']],
  [['show', ''], []],
];

/** What was found for each of the cases, by one shell that asks for one after another. */
const foundIn = (lines: string[]): string[][] =>
  lines
    .join('\n')
    .split(/^asked$/m)
    .slice(1)
    .map((found) => found.split('\n').filter(Boolean).sort());

/** A dozen processes one after another. */
const PATIENT_MS = 240_000;

afterEach(async () => {
  expect(await readdir(folder), 'no id of an agent was run').not.toContain('HACKED');
});

describe.skipIf(isWithout('bash', 'completion in bash'))('bash', () => {
  it(
    'finds verbs, flags, their values and agents; files where nothing is known',
    async () => {
      // Bash takes --flag=value for three words.
      const cases = [...CASES, [['groups', '--state', '=', 'ne'], ['new']] as const];
      const asked = cases.map(([words]) => {
        const typed = words.map((word) => `'${word}'`).join(' ');
        return `echo asked; COMP_WORDS=(faultline ${typed}); COMP_CWORD=${words.length}; _faultline
printf '%s\\n' "\${COMPREPLY[@]}"`;
      });
      const script = `source <(faultline completion bash); complete -p faultline\n${asked.join('\n')}`;
      const lines = await linesOf('bash', ['--norc', '--noprofile'], script);
      expect(lines[0]).toMatch(/-o default .*-F _faultline faultline/);
      expect(foundIn(lines)).toEqual(cases.map(([, found]) => found));
    },
    PATIENT_MS,
  );
});

describe.skipIf(isWithout('fish', 'completion in fish'))('fish', () => {
  it(
    'finds verbs, flags, their values and agents',
    async () => {
      const cases = CASES.filter(([, found]) => found.length > 0);
      const asked = cases.map(
        ([words]) => `echo asked; complete -C '${['faultline', ...words].join(' ')}' | cut -f 1`,
      );
      const script = `faultline completion fish | source\n${asked.join('\n')}`;
      const found = foundIn(await linesOf('fish', ['--no-config'], script));
      expect(found).toEqual(cases.map(([, words]) => words));
    },
    PATIENT_MS,
  );
});

describe.skipIf(isWithout('zsh', 'completion in zsh'))('zsh', () => {
  // A terminal in the terminal: the line is typed, Tab is pressed, and the line is looked at.
  it.each([
    ['faultline timel', 'faultline timeline '],
    ['faultline groups --sta', 'faultline groups --state '],
    ['faultline recent --agent in', 'faultline recent --agent invoice-agent '],
  ])('%s', async (typed, line) => {
    const lines = await linesOf(
      'zsh',
      ['-f'],
      `zmodload zsh/zpty
zpty inner zsh -f -i
zpty -w inner 'PS1=; autoload -U compinit; compinit -D; source <(faultline completion zsh); show() { print -r -- "<$BUFFER>"; exit }; zle -N show; bindkey "^X" show; print -r -- rea""dy'
zpty -r -m inner junk '*ready*'
zpty -w -n inner $'${typed}\\t\\x18'
zpty -r -m inner seen '*<*>*'
print -r -- "\${\${seen##*<}%%>*}"
`,
    );
    expect(lines.at(-1)).toBe(line);
  });
});
