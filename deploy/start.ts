// `faultline start`: storage, collector and query service in one go.

import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ClickHouseError } from '@clickhouse/client';
import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import {
  createHttpServer,
  historyAccess,
  startCollector,
  startOwnTraces,
} from '../collector/index.ts';
import { isLoopback } from '../collector/serving/addresses.ts';
import { startAlerts } from '../query/alerts/index.ts';
import { readAlertRules } from '../query/alerts/rules.ts';
import { watchQueryService } from '../query/http/observability.ts';
import { startQueryService } from '../query/http/server.ts';
import { connect } from '../query/index.ts';
import { type ClickHouseConnection, MigrationError, migrate } from './clickhouse/migrate.ts';
import type { RunningEngine } from './engine/index.ts';
import { superviseEngine } from './engine/supervise.ts';
import type { Settings } from './settings.ts';
import { readTls } from './tls.ts';
import { version } from './version.ts';

const database = 'faultline';

/** What runs, where it is reached, and how to end it. */
export interface Running {
  otlpHttp: string;
  otlpGrpc: string;
  query: string;
  clickhouse: string;
  /** `host:port` of the embedded engine's native protocol, where it is open. */
  clickhouseNative: string | undefined;
  /** Resolves when all that was accepted until now can be read. */
  drained(): Promise<void>;
  /** Settles when something that has to run has ended by itself, with what it was. */
  broken: Promise<Error>;
  /** Stops accepting, writes what was accepted, and closes all in the order of the data's way. */
  stop(): Promise<void>;
}

/** Where failures are kept. */
export interface Storage {
  writer: ClickHouseConnection;
  /** For the query service's own statements. */
  query: ClickHouseConnection;
  /** For statements that others send. */
  reader: ClickHouseConnection;
  /** `host:port` of the native protocol, where it is open. */
  native?: string | undefined;
  broken: Promise<Error>;
  stop(): Promise<void>;
}

export function createLogger(settings: Pick<Settings, 'log-format' | 'log-level'>): Logger {
  const options = { level: settings['log-level'], base: null };
  return settings['log-format'] === 'json'
    ? pino({ ...options, timestamp: pino.stdTimeFunctions.isoTime })
    : pino(options, pretty({ sync: true, ignore: 'component' }));
}

/**
 * Starts everything and resolves when it can be used. What was started before a failure is stopped.
 *
 * @param openStorage makes ready what the settings name
 * @throws {Error} with one line that says what to do: port in use, data folder, ClickHouse, migration
 */
export async function start(
  settings: Settings,
  logger: Logger,
  openStorage: (settings: Settings, logger: Logger) => Promise<Storage> = storageOf,
): Promise<Running> {
  const tls = readTls(settings);
  const rules = settings.alerts === undefined ? undefined : readAlertRules(settings.alerts);
  warnOfOpenDoors(settings, logger);
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of stops.splice(0).reverse()) {
      await end().catch((error: unknown) => logger.error({ err: error }, 'while stopping'));
    }
  };
  const access = historyAccess(settings['query-token'], settings['admin-token']);
  try {
    const tracing = await startOwnTraces({
      version,
      logger: logger.child({ component: 'own-traces' }),
    });
    if (tracing) stops.push(() => tracing.shutdown());
    const storage = await openStorage(settings, logger);
    stops.push(storage.stop);
    stops.push(await makeTables(storage.writer, settings['retention-days'], logger));
    const collector = await startCollector({
      host: settings.host,
      otlpHttpPort: settings['otlp-http-port'],
      otlpGrpcPort: settings['otlp-grpc-port'],
      clickhouse: { ...storage.writer, database },
      ingestTokens: settings['ingest-token'],
      tls,
      keep: settings.keep,
      redactNationalIds: settings['redact-national-ids'],
      maxBodyMib: settings['max-body-mib'],
      lostRuns: { afterMs: settings['lost-run-minutes'] * 60_000 },
      queue: {
        folder: join(settings['data-dir'], 'queue'),
        maxBytes: settings['queue-max-mib'] * 1024 * 1024,
      },
      access,
      version,
      tracing,
      logger: logger.child({ component: 'collector' }),
    });
    stops.push(() => collector.close());

    const history = connect({
      clickhouse: { ...storage.query, database },
      reader: { ...storage.reader, database },
      otlp: collector.private,
    });
    stops.push(() => history.close());
    // Not as those whose statements may fill their user's slots.
    const health = connect({ clickhouse: { ...storage.query, database } });
    stops.push(() => health.close());
    const alerts =
      rules &&
      startAlerts({
        settings: rules,
        clickhouse: { ...storage.writer, database },
        behindMs: () => collector.stats().queue.oldestAgeMs,
        logger: logger.child({ component: 'alerts' }),
      });
    if (alerts) stops.push(() => alerts.close());
    const queryLogger = logger.child({ component: 'query' });
    const query = await startQueryService({
      history,
      host: settings.host,
      port: settings['query-port'],
      version,
      access,
      rateLimit: settings['query-rate-limit'],
      maxAge: settings['query-max-age-seconds'] * 1000,
      createServer: (handler) => createHttpServer(handler, tls),
      ready: async () => (await health.sql('SELECT 1')).rows.length === 1,
      watch: (app) =>
        watchQueryService(app, {
          access: access.read,
          alerts: () => alerts?.stats() ?? new Map(),
          tracing,
          logger: queryLogger,
        }),
      logger: queryLogger,
    }).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'EADDRINUSE'
        ? new Error(`port ${settings['query-port']} is in use: give another with --query-port`, {
            cause: error,
          })
        : error;
    });
    stops.push(() => query.close());
    return {
      otlpHttp: collector.url,
      otlpGrpc: collector.grpcUrl!,
      query: query.url,
      clickhouse: storage.writer.url,
      clickhouseNative: storage.native,
      drained: () => collector.drained(),
      broken: storage.broken,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;

/**
 * Makes the tables now or, when ClickHouse is away, as soon as it answers: what is accepted until
 * then waits in the queue.
 * @returns ends the waiting
 * @throws {Error} when ClickHouse refuses
 */
async function makeTables(
  connection: ClickHouseConnection,
  retentionDays: number,
  logger: Logger,
): Promise<() => Promise<void>> {
  const make = async (): Promise<void> => {
    const { applied } = await migrate(connection, { database, retentionDays });
    if (applied.length) logger.info({ applied }, `applied ${applied.length} migrations`);
  };
  try {
    await make();
    return async () => {};
  } catch (error) {
    if (!isAway(error)) throw error;
    const reason = (error as Error).message;
    logger.warn({ reason }, 'ClickHouse is away; its tables are made when it answers');
  }
  const stopping = new AbortController();
  const { signal } = stopping;
  const later = (async () => {
    for (let pause = FIRST_RETRY_MS; ; pause = Math.min(pause * 2, LAST_RETRY_MS)) {
      await wait(pause, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        await make();
        logger.info('ClickHouse answers, and its tables are made');
        return;
      } catch (error) {
        if (!isAway(error)) logger.error({ err: error }, 'the tables cannot be made');
      }
    }
  })();
  return async () => {
    stopping.abort();
    await later;
  };
}

/** Whether ClickHouse did not answer at all. */
function isAway(error: unknown): boolean {
  const isChanged = error instanceof MigrationError && error.cause === undefined;
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof ClickHouseError) return false;
  }
  return !isChanged;
}

function warnOfOpenDoors(settings: Settings, logger: Logger): void {
  if (isLoopback(settings.host) || settings['tls-cert'] !== undefined) return;
  logger.warn(
    `tokens and data go over the network in clear text: give --tls-cert and --tls-key, or have ` +
      `something before ${settings.host} that ends TLS`,
  );
}

async function storageOf(settings: Settings, logger: Logger): Promise<Storage> {
  if (settings['clickhouse-url']) return externalStorage(settings['clickhouse-url'], settings);
  const options = {
    dataDir: settings['data-dir'],
    port: settings['embedded-port'],
    nativePort: settings['embedded-native-port'],
  };
  return embeddedStorage(await superviseEngine(options, logger.child({ component: 'engine' })));
}

/** The storage that an embedded engine is. */
export function embeddedStorage(engine: Omit<RunningEngine, 'exited'>): Storage {
  const { url } = engine;
  return {
    writer: { url, ...engine.writer },
    query: { url, ...engine.query },
    reader: { url, ...engine.reader },
    native: engine.native,
    // An engine that ends by itself is started again.
    broken: new Promise(() => {}),
    stop: () => engine.stop(),
  };
}

function externalStorage(url: string, settings: Settings): Storage {
  const connection = {
    url,
    username: settings['clickhouse-user'],
    password: settings['clickhouse-password'],
  };
  const readerUser = settings['clickhouse-reader-user'];
  return {
    writer: connection,
    query: connection,
    reader:
      readerUser === undefined
        ? connection
        : { url, username: readerUser, password: settings['clickhouse-reader-password'] },
    broken: new Promise(() => {}),
    stop: async () => {},
  };
}
