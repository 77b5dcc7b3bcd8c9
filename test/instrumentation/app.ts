// Runs an app as a process of its own, with `faultline/register` as it is built for tests.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Built } from './built.ts';

export interface Ended {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
  ms: number;
}

/** A program to be written among the built files, or the path of one. */
export type App = { name: string; text: string } | string;

export interface AppOptions {
  args?: string[];
  /** What `--import` gets. @default `register` */
  imports?: string[];
  onOutput?: (pid: number) => void;
}

export type RunApp = (
  app: App,
  env?: Record<string, string>,
  options?: AppOptions,
) => Promise<Ended>;

/** @param collector where the apps send their spans */
export function appRunner(built: Built, collector: () => string): RunApp {
  return async (app, env = {}, options = {}) => {
    const path = typeof app === 'string' ? app : built.write(join('apps', app.name), app.text);
    const imports = (options.imports ?? [built.register]).flatMap((file) => ['--import', file]);
    const start = performance.now();
    const child = spawn(process.execPath, [...imports, path, ...(options.args ?? [])], {
      env: {
        PATH: process.env.PATH ?? '',
        FAULTLINE_OTLP_ENDPOINT: collector(),
        // Tests look at what is said of things that went wrong.
        FAULTLINE_DEBUG: '0',
        FAULTLINE_SPOOL_DIR: join(built.folder, 'spool'),
        ...env,
      },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      options.onOutput?.(child.pid!);
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    return await new Promise((resolve) => {
      child.once('close', (code, signal) => {
        resolve({ code, signal, stdout, stderr, ms: performance.now() - start });
      });
    });
  };
}
