// The collector: OTLP in, rows out.
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { type DoorOptions, openDoors, type PrivateDoor } from './doors.ts';
import type { KeepPolicy } from './otlp/keep.ts';
import { addDeadLetterRoutes } from './queue/admin.ts';
import { type QueueOptions, type QueueStats, startQueue } from './queue/index.ts';
import { TraceService, type TraceStats } from './traces.ts';

export {
  type AccessCheck,
  type HistoryAccess,
  historyAccess,
  type Verdict,
} from './access/tokens.ts';
export { CollectorError } from './doors.ts';
export { type Fingerprint, type FingerprintInput, fingerprint } from './fingerprint/v1.ts';
export {
  type ConnectionLimits,
  createHttpServer,
  type TlsOptions,
} from './http-server.ts';
export { failureId } from './materialize/failure-id.ts';
export type { KeepPolicy } from './otlp/keep.ts';
export { QueueError } from './queue/index.ts';

export interface CollectorOptions extends Omit<DoorOptions, 'addRoutes'> {
  /** Where the rows go; the tables must exist there. */
  clickhouse: { url: string; username: string; password: string; database: string };
  /** Which spans are stored besides the executor's own. */
  keep: KeepPolicy;
  /** Where accepted rows wait until ClickHouse has them. */
  queue: QueueOptions;
}

export interface CollectorStats extends TraceStats {
  queue: QueueStats;
}

export interface Collector {
  /** Base of the OTLP/HTTP endpoint, such as `http://127.0.0.1:4318`. */
  url: string;
  port: number;
  /** Address of the gRPC endpoint, such as `http://127.0.0.1:4317`; undefined without gRPC. */
  grpcUrl: string | undefined;
  grpcPort: number | undefined;
  /** Where this process itself sends spans, whatever tokens and TLS the others need. */
  private: PrivateDoor;
  /** Resolves when all that was accepted until now can be read in ClickHouse or is a dead letter. */
  drained(): Promise<void>;
  /** Stops accepting, closes connections, flushes for a while; the rest waits for the next start. */
  close(): Promise<void>;
  stats(): CollectorStats;
}

/** Milliseconds. Nobody waits for an insert; one that was given up may still land, and may do so twice. */
const INSERT_TIMEOUT_MS = 30_000;

/**
 * Starts the collector. ClickHouse need not be reachable yet: until it is, rows wait in the queue.
 * @throws CollectorError when it cannot listen
 * @throws QueueError when the queue's folder cannot be used
 */
export async function startCollector(options: CollectorOptions): Promise<Collector> {
  const { logger } = options;
  const client = createClient({
    ...options.clickhouse,
    application: 'faultline-collector',
    request_timeout: INSERT_TIMEOUT_MS,
    log: { level: ClickHouseLogLevel.OFF },
  });
  const queue = await startQueue({ ...options.queue, client, logger }).catch(
    async (error: unknown) => {
      await client.close();
      throw error;
    },
  );
  const end = async (): Promise<void> => {
    await queue.close();
    await client.close();
  };
  const traces = new TraceService(queue.sink, options.keep);
  const notReady = async (): Promise<string | undefined> => queue.sink.notReady();
  const doors = await openDoors(
    { ...options, addRoutes: (app) => addDeadLetterRoutes(app, queue.deadLetters) },
    traces,
    notReady,
  ).catch(async (error: unknown) => {
    await end();
    throw error;
  });
  return {
    ...doors,
    stats: () => ({ ...traces.stats(), queue: queue.stats() }),
    drained: () => queue.drained(),
    close: async () => {
      await doors.close();
      await end();
    },
  };
}
