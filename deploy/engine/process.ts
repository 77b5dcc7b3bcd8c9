/** The engine's child process, as its parent sees it. */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants, setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { STOP_MS } from './limits.ts';
import type { FailedMessage, Lock, LockMessage, StartMessage, StopMessage } from './messages.ts';

/** Whether it answers, or why it refuses what it is asked. */
export type Answer = 'ready' | 'silent' | { refused: string };

export interface EngineEnd {
  code: number | null;
  signal: string | null;
}

/** Between two looks whether it answers, in milliseconds. */
const LOOK_MS = 10;
/** How long it may refuse at its start, in milliseconds. */
const REFUSING_MS = 5_000;
/** Of its log, kept to say why it ended. */
const KEPT_CHARS = 8192;
/** What it prints before the error of a statement. */
const FAILED_STATEMENT = 'Received exception:\n';

/** Nothing else of the environment reaches it: tokens and passwords stand there, and SQL can read what does. */
const ENVIRONMENT = [
  'TZ',
  'LANG',
  'LC_ALL',
  'LD_LIBRARY_PATH',
  'LD_PRELOAD',
  'DYLD_LIBRARY_PATH',
  'CHDB_LIBCHDB_PATH',
  'CHDB_LIBCHDB_DIR',
];

export class EngineProcess {
  readonly exited: Promise<EngineEnd>;
  readonly #child: ChildProcess;
  #text = '';
  #failed: FailedMessage | undefined;
  #lock: Lock = { files: false, network: false, reason: 'it has not started' };
  #isLoaded = false;

  /** @param log gets each line that the engine logs */
  constructor(log: (line: string) => void = () => {}) {
    const child = spawnChild();
    this.#child = child;
    yieldToOthers(child);
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
      child.once('error', () => resolve({ code: null, signal: null }));
    });
    child.on('message', (message: FailedMessage | LockMessage) => {
      if (message.kind === 'failed') {
        this.#failed = message;
        return;
      }
      this.#isLoaded = true;
      this.#lock = { files: message.files, network: message.network, reason: message.reason };
    });
    if (child.stderr) {
      createInterface({ input: child.stderr }).on('line', (line) => {
        this.#keep(line);
        log(line);
      });
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What it can no longer reach, once it has started. */
  get lock(): Lock {
    return this.#lock;
  }

  /** What it logged last. */
  lastWords(): string {
    return this.#text;
  }

  /** A statement of its start that fails, and what comes after it, does not end it: it waits for others. */
  #keep(line: string): void {
    if (line.startsWith('Code: ') && this.#text.endsWith(FAILED_STATEMENT)) {
      this.#failed ??= { kind: 'failed', reason: 'other', detail: line };
    }
    this.#text = `${this.#text}${line}\n`.slice(-KEPT_CHARS);
  }

  /**
   * Starts it and resolves when it answers, or with why it does not.
   * @param ask asks whether it answers
   * @param mostMs how long it may take
   */
  async start(
    message: StartMessage,
    ask: () => Promise<Answer>,
    mostMs: number,
  ): Promise<Pick<FailedMessage, 'reason' | 'detail'> | undefined> {
    this.#child.send(message);
    let ended: EngineEnd | undefined;
    let firstRefusal: number | undefined;
    this.exited.then((end) => {
      ended = end;
    });
    for (const start = performance.now(); performance.now() - start < mostMs; await wait(LOOK_MS)) {
      if (this.#failed) return this.#failed;
      if (ended) {
        const { code, signal } = ended;
        // The system ends a process whose library is cut off.
        const reason = signal === null || this.#isLoaded ? 'other' : 'library';
        return { reason, detail: `its process ended with ${signal ?? `code ${code}`}` };
      }
      const answer = await ask();
      if (answer === 'ready') return undefined;
      if (answer === 'silent') continue;
      firstRefusal ??= performance.now();
      if (performance.now() - firstRefusal > REFUSING_MS) {
        return { reason: 'other', detail: answer.refused };
      }
    }
    return { reason: 'other', detail: `not ready after ${mostMs / 1000} s` };
  }

  /** Ends it in order; SIGKILL when it takes too long. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    if (child.connected) child.send({ kind: 'stop' } satisfies StopMessage, () => {});
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await this.exited;
    clearTimeout(timer);
  }
}

function spawnChild(): ChildProcess {
  // Built, the child is the .js beside this file; from the sources (tests) it is the .ts, through tsx.
  const built = fileURLToPath(new URL('./child.js', import.meta.url));
  const isSource = !existsSync(built);
  const env = Object.fromEntries(
    ENVIRONMENT.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
  );
  return fork(isSource ? built.replace(/\.js$/, '.ts') : built, [], {
    execArgv: isSource ? ['--import', tsx()] : [],
    // The thread that the engine's start runs in gets the stack that the engine expects.
    // One thread of the pool: it is locked, and then it is the engine's.
    env: { ...env, UV_THREADPOOL_SIZE: '1', RUST_MIN_STACK: `${8 * 1024 * 1024}` },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // A group of its own: Ctrl-C is for the parent, which has rows to deliver first.
    detached: true,
  });
}

/**
 * A statement takes all cores for as long as it takes. Processes that answer others go before it: the collector
 * and the query service, and the agents on this machine. Threads that the child starts later do as it does.
 */
function yieldToOthers({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended already, which its exit says.
  }
}

/** By its address, because the child may have another working folder. */
function tsx(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
}
