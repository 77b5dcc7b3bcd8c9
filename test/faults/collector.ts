// `faultline start` as a process that can be killed, limited and watched.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Address } from './transport.ts';

export const executable = fileURLToPath(
  new URL('../../dist/deploy/cli/faultline.js', import.meta.url),
);
const flags = ['--otlp-http-port', '--otlp-grpc-port', '--query-port', '--embedded-port'];
const ports = flags.flatMap((flag) => [flag, '0']);

export interface CollectorOptions {
  dataDir: string;
  /** A ClickHouse server. @default the embedded one */
  clickhouse?: { url: string; username: string; password: string };
  /** Most KiB of a file that it writes, as a full disk would be. Can be lifted from outside. */
  fileLimitKib?: number;
  /** More environment. */
  env?: Record<string, string>;
  /** More flags. */
  flags?: string[];
}

interface Addresses extends Address {
  query?: string;
  clickhouse?: string;
}

/** How often the memory is looked at, in milliseconds. */
const SAMPLE_MS = 200;

export class Collector implements Address {
  readonly otlpHttp: string;
  readonly otlpGrpc: string;
  /** Where its query service answers, if its role has one. */
  readonly query: string;
  /** Address of the embedded engine's HTTP interface, if it has one. */
  readonly clickhouse: string;
  /** What it logged, a line each. */
  readonly log: string[];
  private readonly child: ChildProcess;
  private readonly sampling: NodeJS.Timeout;
  private readonly closed: Promise<number | null>;
  /** MiB of memory of its own at each look; mapped files are not counted. */
  readonly memory: number[] = [];

  private constructor(child: ChildProcess, log: string[], address: Addresses) {
    this.child = child;
    this.log = log;
    this.otlpHttp = address.otlpHttp;
    this.otlpGrpc = address.otlpGrpc;
    this.clickhouse = address.clickhouse ?? '';
    this.query = address.query ?? '';
    this.closed = once(child, 'close').then(([code]) => code as number | null);
    this.sampling = setInterval(() => this.sample(), SAMPLE_MS);
    this.closed.then(() => clearInterval(this.sampling));
  }

  /** @throws when it ends before it is ready, with what it said */
  static async start(options: CollectorOptions): Promise<Collector> {
    const { dataDir, clickhouse, fileLimitKib, env = {} } = options;
    const limit = fileLimitKib === undefined ? '' : `ulimit -S -f ${fileLimitKib}; `;
    const server = clickhouse
      ? ['--clickhouse-url', clickhouse.url, '--clickhouse-user', clickhouse.username]
      : [];
    const args = ['start', '--data-dir', dataDir, '--log-format', 'json', ...ports, ...server];
    const child = spawn(
      'bash',
      [
        '-c',
        `${limit}exec "$0" "$@"`,
        process.execPath,
        executable,
        ...args,
        ...(options.flags ?? []),
      ],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          ...(clickhouse ? { FAULTLINE_CLICKHOUSE_PASSWORD: clickhouse.password } : {}),
          ...env,
        },
      },
    );
    const log: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (text: string) => log.push(text.trimEnd()));
    const address = await new Promise<Addresses>((resolve, reject) => {
      const early = (): void =>
        reject(new Error(`faultline start ended: ${log.slice(-3).join(' | ')}`));
      child.once('close', early);
      createInterface({ input: child.stdout }).on('line', (line) => {
        log.push(line);
        const entry = asJson(line);
        if (entry?.msg !== 'ready') return;
        child.off('close', early);
        resolve(entry as Addresses & { msg: string });
      });
    });
    return new Collector(child, log, address);
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Resolves with the exit code, null if a signal ended it. */
  get ended(): Promise<number | null> {
    return this.closed;
  }

  /** Sends the signal and resolves with the exit code, null if the signal itself ended it. */
  end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.child.exitCode === null) this.child.kill(signal);
    return this.closed;
  }

  /** Processes that it started. */
  children(): number[] {
    const text = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8');
    return text.split(' ').filter(Boolean).map(Number);
  }

  /** Whether a line of the log has this in it. */
  said(text: string): boolean {
    return this.log.some((line) => line.includes(text));
  }

  async isReady(): Promise<boolean> {
    return (await fetch(`${this.otlpHttp}/readyz`)).status === 200;
  }

  private sample(): void {
    const file = `/proc/${this.pid}/status`;
    if (!existsSync(file)) return;
    const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(file, 'utf8'))?.[1];
    if (kib !== undefined) this.memory.push(Number(kib) / 1024);
  }
}

function asJson(line: string): { msg?: string } | undefined {
  try {
    return JSON.parse(line) as { msg?: string };
  } catch {
    return undefined;
  }
}
