// Runs a command once a case: the input on its standard input, its spans to a receiver of our own. What it
// started is stopped with it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openReplayReceiver } from '../../collector/receive/replays.ts';
import { InvalidInputError } from '../../query/base/errors.ts';
import type { Replay, ReplayedInput, Runner } from '../../query/verify/replay.ts';
import { replayEnvironment } from './environment.ts';
import { spansOf } from './spans.ts';

export interface CommandOptions {
  /** Program and arguments. */
  command: readonly string[];
  /** How long one run may take, in milliseconds. */
  timeoutMs: number;
  /** @default that of this process */
  cwd?: string;
  /** Besides that of this process. @default nothing */
  env?: Readonly<Record<string, string>>;
}

/** Bytes of standard error that are kept, the last ones. */
const STDERR_BYTES = 16 * 1024;
/** Between asking a process to end and ending it. */
const GRACE_MS = 2_000;

/** Of the running command; it has a process group of its own, so nobody else would stop it. */
const running = new Set<ChildProcess>();

/** Stops what is running: for the end of this process. */
export function stopAll(): void {
  for (const child of running) signalGroup(child, 'SIGKILL');
}

/** A runner of the command. @throws {InvalidInputError} from the runner if the command cannot be started */
export function commandRunner(options: CommandOptions): Runner {
  return async (replayed) => {
    const receiver = await openReplayReceiver();
    try {
      const ended = await runOnce(options, replayed, receiver);
      const spans = spansOf(receiver.rows());
      return { ...ended, ...(spans && { spans }) };
    } finally {
      await receiver.close();
    }
  };
}

async function runOnce(
  { command, timeoutMs, cwd, env }: CommandOptions,
  replayed: ReplayedInput,
  receiver: { url: string; grpcUrl: string },
): Promise<Replay> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: replayEnvironment({ ...process.env, ...env }, replayed, receiver),
    detached: true,
    ...(cwd !== undefined && { cwd }),
  });
  const stderr = tailOf(child);
  // A command need not read its input.
  child.stdin?.on('error', () => {});
  running.add(child);
  try {
    await once(child, 'spawn').catch((error: Error) => {
      throw new InvalidInputError('command', `cannot be started: ${error.message}`);
    });
    child.stdin?.end(replayed.input);
    const timedOut = await endOf(child, timeoutMs);
    return {
      exitCode: child.exitCode,
      signal: child.signalCode ?? undefined,
      timedOut,
      stderr: stderr(),
    };
  } finally {
    // Also what it left behind.
    signalGroup(child, 'SIGKILL');
    child.stderr?.destroy();
    running.delete(child);
  }
}

/** Waits until the process itself ended. Resolves with whether it had to be stopped. */
async function endOf(child: ChildProcess, timeoutMs: number): Promise<boolean> {
  let timedOut = false;
  let grace: NodeJS.Timeout | undefined;
  const timer = setTimeout(() => {
    timedOut = true;
    signalGroup(child, 'SIGTERM');
    grace = setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE_MS);
  }, timeoutMs);
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  clearTimeout(timer);
  clearTimeout(grace);
  return timedOut;
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody of the group is left.
  }
}

/** Collects the end of standard error. */
function tailOf(child: ChildProcess): () => string {
  let tail = Buffer.alloc(0);
  child.stderr?.on('data', (bytes: Buffer) => {
    tail = Buffer.concat([tail, bytes]).subarray(-STDERR_BYTES);
  });
  return () => tail.toString('utf8');
}
