// Runs the built executable and the demo agent as a user would: as processes.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { faultline as program } from '../support/executable.ts';

export const root = fileURLToPath(new URL('../../', import.meta.url));
const executable = `${root}dist/deploy/cli/faultline.js`;

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a Node program to its end. */
export async function runNode(
  args: string[],
  { cwd = root, env = {} }: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Finished> {
  const child = spawn(process.execPath, args, { cwd, env: { ...process.env, ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

export const faultline = (...args: string[]): Promise<Finished> => runNode([executable, ...args]);

export interface Started {
  process: ChildProcess;
  otlpHttp: string;
  otlpGrpc: string;
  query: string;
  clickhouse: string;
  /** Sends the signal and resolves with the exit code, null if the signal itself ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts `faultline start` on free ports and resolves when it says that it is ready. */
export async function startFaultline(dataDir: string, ...more: string[]): Promise<Started> {
  const flags = ['--otlp-http-port', '--otlp-grpc-port', '--query-port', '--embedded-port'];
  const ports = flags.flatMap((flag) => [flag, '0']);
  const child = spawn(
    process.execPath,
    [...program, 'start', '--data-dir', dataDir, '--log-format', 'json', ...ports, ...more],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let told = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  for await (const line of createInterface({ input: child.stdout })) {
    told += `${line}\n`;
    const entry = JSON.parse(line) as { msg: string } & Started;
    if (entry.msg !== 'ready') continue;
    child.stdout.resume();
    return {
      process: child,
      otlpHttp: entry.otlpHttp,
      otlpGrpc: entry.otlpGrpc,
      query: entry.query,
      clickhouse: entry.clickhouse,
      end: async (signal) => {
        const closed = once(child, 'close');
        child.kill(signal);
        return ((await closed) as [number | null])[0];
      },
    };
  }
  throw new Error(`faultline start ended before it was ready:\n${told}`);
}

/** Runs the demo agent, which knows nothing of Faultline, with nothing but `--import`. */
export function runAgent(otlpHttp: string, graph = 'graph-v1.js'): Promise<Finished> {
  return runNode(
    ['--import', 'faultline/register', 'dist/deploy/demo/agent/app.js', '--graph', `./${graph}`],
    { env: { OTEL_EXPORTER_OTLP_ENDPOINT: otlpHttp, OTEL_SERVICE_NAME: 'invoice-agent' } },
  );
}
