// What a row of the crash table works with: ClickHouse, a collector that can be stopped and started
// again at the same address, and agents as processes of their own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../deploy/engine/ports.ts';
import { Collector } from '../faults/collector.ts';
import { Server } from '../faults/server.ts';
import { type Built, buildInstrumentation } from '../instrumentation/built.ts';

const APP = fileURLToPath(new URL('./app.mjs', import.meta.url));
const LONGEST_MS = 120_000;

/** How an agent's process ended. */
export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stderr: string;
}

export interface Agent {
  process: ChildProcess;
  /** Resolves when it says that it is ready. */
  ready: Promise<void>;
  ended: Promise<Ended>;
}

export interface AgentOptions {
  failures?: number;
  /** Before the program's name. */
  nodeOptions?: string[];
  env?: Record<string, string>;
}

/** Failures of one row by their sessions. */
export interface Counted {
  recorded: number;
  arrived: number;
  lost: number;
  /** Rows beyond one for a failure. */
  doubled: number;
  /** Failures that the collector was sent more than once since it started, and stored once. */
  resent: number;
}

export class CrashWorld {
  readonly #folder: string;
  readonly #server: Server;
  readonly #built: Built;
  readonly #port: number;
  readonly #agents = new Set<ChildProcess>();
  #collector: Collector | undefined;
  #row = '';
  #resentBefore = 0;

  private constructor(folder: string, server: Server, built: Built, port: number) {
    this.#folder = folder;
    this.#server = server;
    this.#built = built;
    this.#port = port;
  }

  static async start(): Promise<CrashWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'faultline-crash-'));
    const server = await Server.start(folder);
    const built = buildInstrumentation('faultline-crash');
    const world = new CrashWorld(folder, server, built, await freePort('127.0.0.1', 0));
    await world.startCollector();
    return world;
  }

  async stop(): Promise<void> {
    for (const agent of this.#agents) agent.kill('SIGKILL');
    await this.#collector?.end('SIGKILL');
    await this.#server.stop();
    this.#built.remove();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** The next agents belong to this row: a service, a spool and a log of their own. */
  async begin(row: string): Promise<void> {
    this.#row = row;
    this.#resentBefore = await this.#metric('faultline_duplicate_failures_total');
  }

  async startCollector(): Promise<void> {
    const dataDir = join(this.#folder, 'collector');
    const flags = ['--otlp-http-port', String(this.#port)];
    const clickhouse = { url: this.#server.url, ...this.#server.user };
    this.#collector = await Collector.start({ dataDir, clickhouse, flags });
    this.#resentBefore = 0;
  }

  async endCollector(signal: NodeJS.Signals): Promise<void> {
    await this.#collector?.end(signal);
    this.#collector = undefined;
  }

  agent(way: string, options: AgentOptions = {}): Agent {
    const args = [APP, way, `s-${this.#row}`, String(options.failures ?? 100)];
    const child = spawn(process.execPath, [...(options.nodeOptions ?? []), ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH ?? '',
        CRASH_INSTRUMENTATION: this.#built.index,
        CRASH_LOG: this.#log,
        CRASH_AGENT: this.#row,
        OTEL_SERVICE_NAME: this.#row,
        FAULTLINE_OTLP_ENDPOINT: `http://127.0.0.1:${this.#port}`,
        FAULTLINE_SPOOL_DIR: join(this.#folder, 'spool'),
        ...options.env,
      },
    });
    this.#agents.add(child);
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stderr }));
    const ready = Promise.race([
      once(child.stdout, 'data').then(() => {}),
      ended.then(() => Promise.reject(new Error(`the agent ended before it was ready: ${stderr}`))),
    ]);
    ready.catch(() => {});
    return { process: child, ready, ended };
  }

  /** A process of the same service that starts later, does one thing and ends. */
  async nextStart(): Promise<void> {
    const { code, stderr } = await this.agent('idle').ended;
    if (code !== 0) throw new Error(`the next process ended with ${code}: ${stderr}`);
  }

  /** Counts in ClickHouse, once everything that was accepted is there. */
  async count(): Promise<Counted> {
    await this.#drained();
    const sessions = new Set(this.#recorded());
    const where = `FROM failures FINAL WHERE agent_id = '${this.#row}' AND level = 'node'`;
    const found = await this.#server.column(`SELECT session_id ${where}`);
    const there = new Set(found);
    const lost = [...sessions].filter((session) => !there.has(session)).length;
    return {
      recorded: sessions.size,
      arrived: sessions.size - lost,
      lost,
      doubled: found.length - there.size,
      resent: (await this.#metric('faultline_duplicate_failures_total')) - this.#resentBefore,
    };
  }

  /** Waits until all that was recorded has arrived, or until it is clear that it never will. */
  async settled(): Promise<Counted> {
    const end = performance.now() + LONGEST_MS / 4;
    let counted = await this.count();
    while (counted.lost > 0 && performance.now() < end) {
      await wait(200);
      counted = await this.count();
    }
    return counted;
  }

  /** Resolves when it is so. @throws when it never is */
  async until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    const end = performance.now() + LONGEST_MS;
    while (!(await isSo())) {
      if (performance.now() > end) throw new Error(`it never came to this: ${what}`);
      await wait(20);
    }
  }

  /** How many failures the row's agents have recorded until now. */
  get recorded(): number {
    return this.#recorded().length;
  }

  get #log(): string {
    return join(this.#folder, `${this.#row}.log`);
  }

  #recorded(): string[] {
    if (!existsSync(this.#log)) return [];
    // A process that is killed may leave half a line: that failure was not yet said to be recorded.
    const whole = readFileSync(this.#log, 'utf8').split('\n').slice(0, -1);
    return whole.filter((line) => line !== '');
  }

  async #drained(): Promise<void> {
    await this.until('the queue is empty', async () => {
      return (await this.#metric('faultline_queue_entries')) === 0;
    });
  }

  async #metric(name: string): Promise<number> {
    const { otlpHttp } = this.#collector ?? {};
    const text = otlpHttp ? await (await fetch(`${otlpHttp}/metrics`)).text() : '';
    return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1]);
  }
}
