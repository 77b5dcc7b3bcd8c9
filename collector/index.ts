// The collector: OTLP in, rows out.
import type { AddressInfo } from 'node:net';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { Logger } from 'pino';
import type { KeepPolicy } from './otlp/keep.ts';
import { buildReceiver } from './receiver.ts';
import { TraceService, type TraceStats } from './traces.ts';
import { Writer, type WriterStats } from './writer.ts';

export { type Fingerprint, type FingerprintInput, fingerprint } from './fingerprint/v1.ts';
export { failureId } from './materialize/failure-id.ts';
export type { KeepPolicy } from './otlp/keep.ts';

export interface CollectorOptions {
  /** Address to listen on. */
  host: string;
  /** Port of OTLP over HTTP; 0 is any free one. */
  otlpHttpPort: number;
  /** Where the rows go; the tables must exist there. */
  clickhouse: { url: string; username: string; password: string; database: string };
  /** Which spans are stored besides the executor's own. */
  keep: KeepPolicy;
  /** Most MiB of a request body, before and after decompression. */
  maxBodyMib: number;
  logger: Logger;
}

export interface CollectorStats extends TraceStats {
  writer: WriterStats;
}

export interface Collector {
  /** Base of the OTLP/HTTP endpoint, such as `http://127.0.0.1:4318`. */
  url: string;
  port: number;
  /** Stops accepting, waits until what was accepted is stored or has failed, closes connections. */
  close(): Promise<void>;
  stats(): CollectorStats;
}

/** The collector could not start; the message says what to do. */
export class CollectorError extends Error {
  override name = 'CollectorError';
}

/** Milliseconds. An exporter gives up after 10 s, so a longer wait would only hold memory. */
const INSERT_TIMEOUT_MS = 10_000;

/**
 * Starts the collector. ClickHouse need not be reachable yet: until it is, `/readyz` and exports
 * answer 503.
 * @throws CollectorError when it cannot listen
 */
export async function startCollector(options: CollectorOptions): Promise<Collector> {
  const { logger } = options;
  const client = createClient({
    ...options.clickhouse,
    application: 'faultline-collector',
    request_timeout: INSERT_TIMEOUT_MS,
    log: { level: ClickHouseLogLevel.OFF },
  });
  const writer = new Writer({ client, logger });
  const traces = new TraceService(writer, options.keep);
  const app = buildReceiver({
    traces,
    notReady: async () => {
      const ping = await client.ping({ select: true });
      return ping.success ? undefined : `ClickHouse cannot be reached: ${ping.error.message}`;
    },
    maxBodyBytes: options.maxBodyMib * 1024 * 1024,
    logger,
  });
  try {
    await app.listen({ host: options.host, port: options.otlpHttpPort });
  } catch (error) {
    await client.close();
    throw cannotListen(error as NodeJS.ErrnoException, options);
  }
  const { port } = app.server.address() as AddressInfo;
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    port,
    stats: () => ({ ...traces.stats(), writer: writer.stats() }),
    close: async () => {
      await app.close();
      await writer.close();
      await client.close();
    },
  };
}

function cannotListen(
  error: NodeJS.ErrnoException,
  { host, otlpHttpPort: port }: CollectorOptions,
): CollectorError {
  const where = `cannot listen on ${host} port ${port} for OTLP/HTTP`;
  const reasons: Record<string, string> = {
    EADDRINUSE: 'the port is in use; stop what uses it, or give another with --otlp-http-port',
    EACCES: 'ports below 1024 need privileges; give another with --otlp-http-port',
    EADDRNOTAVAIL: 'this machine has no such address; give another with --host',
    ENOTFOUND: 'the name does not resolve; give another with --host',
  };
  const reason = reasons[error.code ?? ''] ?? error.message;
  return new CollectorError(`${where}: ${reason}`, { cause: error });
}
