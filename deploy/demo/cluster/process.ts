// One process of the trial cluster: a `faultline` command that can be killed and started again at its addresses.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const executable = fileURLToPath(new URL('../../cli/faultline.js', import.meta.url));

/** What a process says when it is ready, as far as its role has it. */
export interface Ready {
  otlpHttp?: string;
  otlpGrpc?: string;
  query?: string;
  clickhouse?: string;
  clickhouseNative?: string;
}

export class DemoProcess {
  readonly name: string;
  ready: Ready = {};
  readonly #args: readonly string[];
  readonly #environment: Record<string, string>;
  #child: ChildProcess | undefined;
  #closed: Promise<unknown> = Promise.resolve();

  /** @param args of `faultline`, such that it logs JSON */
  constructor(name: string, args: readonly string[], environment: Record<string, string> = {}) {
    this.name = name;
    this.#args = args;
    this.#environment = environment;
  }

  /** @throws {Error} when it ends before it is ready, with its last words */
  async start(): Promise<this> {
    const child = spawn(process.execPath, [executable, ...this.#args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.#environment },
    });
    this.#child = child;
    this.#closed = once(child, 'close');
    const log: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (text: string) => log.push(text.trim()));
    this.ready = await new Promise<Ready>((resolve, reject) => {
      const early = (): void => reject(new Error(`${this.name} ended: ${log.slice(-2).join(' ')}`));
      child.once('close', early);
      createInterface({ input: child.stdout }).on('line', (line) => {
        log.splice(0, log.length - 5);
        log.push(line);
        if (!line.includes('"msg":"ready"')) return;
        child.off('close', early);
        resolve(JSON.parse(line) as Ready);
      });
    });
    return this;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Ends it and resolves when it has ended. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.#child?.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal);
    await this.#closed;
  }
}
