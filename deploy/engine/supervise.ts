/**
 * Keeps an engine running.
 *
 * States: running; down (it ended by itself, and is started again after a pause that grows); stopped. While
 * it is down the collector's queue takes what comes in, and its readiness says so.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import { folderOf, removeWrittenSchemas } from './folder.ts';
import { type EngineOptions, type RunningEngine, startEngine } from './index.ts';
import { FIRST_RESTART_MS, LAST_RESTART_MS, LOOK_MS, READER_LONGEST_S } from './limits.ts';
import { engineLog } from './log.ts';
import type { Lock } from './messages.ts';

/**
 * Starts the engine, and starts it again on the same ports whenever it ends by itself.
 * @throws EngineError when it cannot be started the first time
 */
export async function superviseEngine(
  options: Omit<EngineOptions, 'log' | 'onWait'>,
  logger: Logger,
): Promise<Omit<RunningEngine, 'exited'>> {
  const log = engineLog(logger);
  const onWait = (line: string) => logger.info(line);
  let engine = await startEngine({ ...options, log, onWait });
  warnOfNoLock(engine.lock, logger);
  const { port, nativePort } = engine;
  const stopping = new AbortController();
  const { signal } = stopping;

  const startAgain = async (): Promise<void> => {
    for (let pause = FIRST_RESTART_MS; ; pause = Math.min(pause * 2, LAST_RESTART_MS)) {
      await wait(pause, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        engine = await startEngine({ ...options, port, nativePort, log });
        logger.info({ pid: engine.pid }, 'embedded ClickHouse runs again');
        return;
      } catch (error) {
        logger.error(`embedded ClickHouse cannot be started again: ${(error as Error).message}`);
      }
    }
  };
  const looking = setInterval(() => {
    removeSchemas(options.dataDir, logger);
    void endIfStuck(engine, logger);
  }, LOOK_MS).unref();
  const watching = (async () => {
    while (!signal.aborted) {
      const { code, signal: by } = await engine.exited;
      if (signal.aborted) return;
      logger.error(
        `embedded ClickHouse ended (${by ?? `code ${code}`}); it is started again, and rows wait in the queue`,
      );
      await startAgain();
    }
  })();
  const { dataDir, url, native, writer, query, reader } = engine;
  return {
    ...{ dataDir, url, port, native, nativePort, writer, query, reader },
    get pid() {
      return engine.pid;
    },
    get lock() {
      return engine.lock;
    },
    async stop() {
      stopping.abort();
      clearInterval(looking);
      await engine.stop();
      await watching;
      // One that was being started when the stop came.
      await engine.stop();
    },
  };
}

function removeSchemas(dataDir: string, logger: Logger): void {
  try {
    for (const file of removeWrittenSchemas(folderOf(dataDir))) {
      logger.warn(`removed ${file}, which a statement of the user reader had the engine write`);
    }
  } catch {
    // What cannot be read is the engine's to say.
  }
}

/**
 * ClickHouse looks at limits of time between calls of functions. One that takes the square of its input goes on for
 * hours, keeps its place among the statements of `reader`, and only ends with the engine.
 */
async function endIfStuck({ url, writer, pid }: RunningEngine, logger: Logger): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'X-ClickHouse-User': writer.username, 'X-ClickHouse-Key': writer.password },
    body: `SELECT count() FROM system.processes WHERE user = 'reader' AND elapsed > ${READER_LONGEST_S} + 60`,
    signal: AbortSignal.timeout(LOOK_MS / 2),
  })
    .then(async (response) => (response.ok ? Number(await response.text()) : 0))
    .catch(() => 0);
  if (answer === 0) return;
  logger.error(
    'a statement of the user reader goes on after its limit of time and cannot be ended',
  );
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function warnOfNoLock({ files, reason }: Lock, logger: Logger): void {
  if (files) return;
  logger.warn(
    `the engine cannot be locked into its data folder (${reason}): those with a password of its users can read and overwrite what this account can`,
  );
}
