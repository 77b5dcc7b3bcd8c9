// A collector in a process of its own, so that it can be killed: as a program it is one, imported it
// starts one.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { startCollector } from '../../../collector/index.ts';
import type { Database } from './storage.ts';

const children = new Set<ChildProcess>();

/** Ends those that a failed test left. */
export function killCollectors(): void {
  for (const child of children) child.kill('SIGKILL');
}

const file = fileURLToPath(import.meta.url);

export interface CollectorProcess {
  url: string;
  child: ChildProcess;
  /** What it logged, a line each. */
  log: string[];
  /** Sends the signal and resolves with the exit code, null if the signal itself ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** @param fileLimitKib most KiB of a file that it writes, as a full disk would be */
export async function spawnCollector(
  { connection }: Database,
  folder: string,
  { port = 0, fileLimitKib }: { port?: number; fileLimitKib?: number } = {},
): Promise<CollectorProcess> {
  const options = JSON.stringify({ connection, folder, port });
  const limit = fileLimitKib === undefined ? '' : `ulimit -f ${fileLimitKib}; `;
  const run = `${limit}exec "$0" --import tsx "$1" "$2"`;
  const child = spawn('bash', ['-c', run, process.execPath, file, options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  child.once('close', () => children.delete(child));
  const log: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    child.once('close', (code) => reject(new Error(`it ended with ${code}: ${log.join('\n')}`)));
    createInterface({ input: child.stdout! }).on('line', (line) => {
      log.push(line);
      const { url } = JSON.parse(line) as { url?: string };
      if (url !== undefined) resolve(url);
    });
  });
  return {
    url,
    child,
    log,
    end: async (signal) => {
      const closed = once(child, 'close');
      child.kill(signal);
      return ((await closed) as [number | null])[0];
    },
  };
}

if (process.argv[1] === file) {
  const { connection, folder, port } = JSON.parse(process.argv[2]!);
  const logger = pino({ base: null }, pino.destination({ sync: true }));
  const collector = await startCollector({
    host: '127.0.0.1',
    otlpHttpPort: port,
    clickhouse: connection,
    keep: 'agents',
    maxBodyMib: 64,
    queue: { folder, maxBytes: 256 * 1024 * 1024 },
    logger,
  });
  process.once('SIGTERM', async () => {
    await collector.close();
    process.exit(0);
  });
  logger.info({ url: collector.url }, 'listening');
}
