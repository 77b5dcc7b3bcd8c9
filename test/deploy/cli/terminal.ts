// Verbs as processes that are followed while they run, in a terminal of their own or in a pipe.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'vitest';
import { root } from '../../end-to-end/processes.ts';
import { faultline } from '../../support/executable.ts';

export const WIDTH = 80;

export interface Running {
  child: ChildProcess;
  /** What was printed so far. */
  seen(): string;
  ended: Promise<number | null>;
}

export function follow(child: ChildProcess): Running {
  let seen = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      seen += text;
    });
  }
  return { child, seen: () => seen, ended: once(child, 'close').then(([code]) => code) };
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/**
 * A verb in a terminal of its own; what is written to it is typed. Of the environment only what it needs goes
 * along: `CI`, `NO_COLOR`, `TMUX` and others of whoever runs the tests decide over colours too.
 */
export function inTerminal(args: string[], env: Record<string, string> = {}): Running {
  const words = [process.execPath, ...faultline, ...args].map(quoted);
  const command = `stty cols ${WIDTH} rows 24; exec ${words.join(' ')}`;
  const { PATH, HOME, FAULTLINE_TOKEN } = process.env;
  return follow(
    spawn('script', ['-qefc', command, '/dev/null'], {
      cwd: root,
      env: { PATH, HOME, FAULTLINE_TOKEN, TERM: 'xterm-256color', SHELL: '/bin/sh', ...env },
    }),
  );
}

/** What a verb prints in a terminal; it has to end well. */
export async function printed(args: string[], env: Record<string, string> = {}): Promise<string> {
  const running = inTerminal(args, env);
  expect(await running.ended).toBe(0);
  return running.seen();
}
