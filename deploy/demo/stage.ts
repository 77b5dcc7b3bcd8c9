// What every story of `faultline demo` stands on: a whole Faultline on free ports with data of its own.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type History } from '../../query/index.ts';
import { print, printJson, printToStderr } from '../cli/terminal/output.ts';
import { readSettings } from '../settings.ts';
import { createLogger, type Running, start } from '../start.ts';

export interface Story {
  /** The file that says what may evolve by itself. */
  policies?: string;
  /** Shows the story, after step 1 has started everything. */
  show(history: History, running: Running): Promise<void>;
  /** Commands for a look around afterwards. */
  lookAround(queryUrl: string): string[];
}

export interface StageOptions {
  keepRunning: boolean;
  /** Show the story on standard error, and on standard output where everything is, as JSON. */
  json?: boolean;
}

/** Starts everything, shows the story and ends; with `keepRunning` only when a signal comes. */
export async function onStage(story: Story, { keepRunning, json }: StageOptions): Promise<void> {
  if (json) printToStderr();
  const dataDir = temporaryFolder();
  const settings = readSettings(
    {
      'data-dir': dataDir,
      'otlp-http-port': 0,
      'otlp-grpc-port': 0,
      'query-port': 0,
      'embedded-port': 0,
      'log-level': 'warn',
      ...(story.policies && { policies: story.policies }),
    },
    {},
  );
  const ended = interrupted();
  step(1, 'Start embedded ClickHouse, the collector and the query service');
  const running = await start(settings, createLogger(settings));
  const history = createClient({ url: running.query });
  try {
    print(
      `   collector  ${running.otlpHttp}\n   query      ${running.query}\n   data       ${dataDir}`,
    );
    await story.show(history, running);
    const { otlpHttp, otlpGrpc, query, clickhouse } = running;
    if (json) printJson({ otlpHttp, otlpGrpc, query, clickhouse, dataDir });
    if (keepRunning) {
      print(
        `\nEverything stays up until Ctrl-C. Open ${running.query} in a browser, or look around from another`,
      );
      print('terminal:');
      print(indent(story.lookAround(running.query).join('\n')));
      await ended;
    }
  } finally {
    await history.close();
    await running.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
  process.exit(0);
}

/** Resolves when a signal ends the demo; listens from now on. */
export function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
      process.once(signal, () => resolve());
  });
}

/**
 * A folder that goes when the process does, however it ends: after a kill the next demo removes it, because its
 * name has the process id.
 */
export function temporaryFolder(): string {
  for (const name of readdirSync(tmpdir())) {
    const pid = /^faultline-demo-(\d+)-/.exec(name)?.[1];
    if (pid && !isRunning(Number(pid))) remove(join(tmpdir(), name));
  }
  const folder = mkdtempSync(join(tmpdir(), `faultline-demo-${process.pid}-`));
  process.once('exit', () => remove(folder));
  return folder;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It runs, and is another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Another user's, or the engine still writes: the next demo removes it.
  }
}

export const indent = (text: string): string => text.trimEnd().replace(/^/gm, '   ');

export function step(number: number, title: string): void {
  print(`\n${number}. ${title}\n`);
}
