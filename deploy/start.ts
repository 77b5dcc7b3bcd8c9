// `faultline start`: storage, collector and query service in one go.

import { join } from 'node:path';
import type { Logger } from 'pino';
import {
  type Collector,
  type CollectorOptions,
  ConditionsError,
  createHttpServer,
  type HistoryAccess,
  historyAccess,
  type OwnTraces,
  readConditions,
  startCollector,
  startOwnTraces,
  type TlsOptions,
} from '../collector/index.ts';
import { isLoopback } from '../collector/serving/addresses.ts';
import { connectClickHouse } from '../collector/serving/clickhouse.ts';
import type { AlertRules } from '../query/alerts/rules.ts';
import { SettingsError } from '../query/base/errors.ts';
import { type Policies, readPolicies } from '../query/base/policies.ts';
import type { OtlpOptions } from '../query/base/question.ts';
import { connect } from '../query/connect.ts';
import { watchQueryService } from '../query/http/observability.ts';
import { type QueryService, startQueryService } from '../query/http/server.ts';
import { openCluster } from './clickhouse/cluster/members.ts';
import { DATABASE as database } from './clickhouse/migrate.ts';
import { refuseUnfinishedRestore } from './engine/folder.ts';
import type { Settings } from './settings.ts';
import { type Storage, storageOf } from './storage.ts';
import { makeTables } from './tables.ts';
import { readTls } from './tls.ts';
import { version } from './version.ts';

export { createLogger } from './logger.ts';

/** What runs, where it is reached, and how to end it. An address that the role does not have is ''. */
export interface Running {
  otlpHttp: string;
  otlpGrpc: string;
  query: string;
  /** Of ClickHouse: separated by commas where there are several. */
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

/** What the parts are started with. */
interface Parts {
  settings: Settings;
  storage: Storage;
  access: HistoryAccess;
  tls: TlsOptions | undefined;
  tracing: OwnTraces | undefined;
  logger: Logger;
  /** Takes what ends a part; the last is called first. */
  stops: (() => Promise<void>)[];
}

/**
 * Starts what the role has and resolves when it can be used. What was started before a failure is stopped.
 *
 * @param openStorage makes ready what the settings name
 * @throws {Error} with one line that says what to do: port in use, data folder, ClickHouse, migration
 */
export async function start(
  settings: Settings,
  logger: Logger,
  openStorage: (settings: Settings, logger: Logger) => Promise<Storage> = storageOf,
): Promise<Running> {
  const { role } = settings;
  const tls = readTls(settings);
  const rules = await alertRulesIn(settings);
  const policies = settings.policies === undefined ? undefined : readPolicies(settings.policies);
  const conditions = conditionsIn(settings);
  warnOfOpenDoors(settings, logger);
  if (role !== 'query') refuseUnfinishedRestore(settings['data-dir']);
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
    const parts = { settings, storage, access, tls, tracing, logger, stops };
    const collector = role === 'query' ? undefined : await collect(parts, conditions);
    const query =
      role === 'collector'
        ? undefined
        : await answerQuestions(parts, { rules, policies }, collector);
    return {
      otlpHttp: collector?.url ?? '',
      otlpGrpc: collector?.grpcUrl ?? '',
      query: query?.url ?? '',
      clickhouse: [storage.writer.url].flat().join(','),
      clickhouseNative: storage.native,
      drained: async () => collector?.drained(),
      broken: storage.broken,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function collect(
  parts: Parts,
  conditions: CollectorOptions['conditions'],
): Promise<Collector> {
  const { settings, storage, access, tls, tracing, logger, stops } = parts;
  const cluster = settings['clickhouse-cluster'];
  const tables = {
    database,
    retentionDays: settings['retention-days'],
    ...(cluster && { cluster }),
  };
  stops.push(await makeTables(storage.writer, tables, logger));
  const collector = await startCollector({
    host: settings.host,
    otlpHttpPort: settings['otlp-http-port'],
    otlpGrpcPort: settings['otlp-grpc-port'],
    clickhouse: { ...storage.writer, database },
    openCluster: cluster === undefined ? undefined : () => openCluster(storage.writer, cluster),
    ingestTokens: settings['ingest-token'],
    tls,
    keep: settings.keep,
    redactNationalIds: settings['redact-national-ids'],
    maxBodyMib: settings['max-body-mib'],
    maxDiskBytes: settings['max-disk-gib'] * 1024 ** 3,
    lostRuns: { afterMs: settings['lost-run-minutes'] * 60_000 },
    mapping: { everyMs: settings['group-mapping-seconds'] * 1000 },
    queue: {
      folder: join(settings['data-dir'], 'queue'),
      maxBytes: settings['queue-max-mib'] * 1024 * 1024,
    },
    conditions,
    access,
    version,
    tracing,
    logger: logger.child({ component: 'collector' }),
  });
  stops.push(() => collector.close());
  return collector;
}

async function alertRulesIn({ alerts }: Settings): Promise<AlertRules | undefined> {
  if (alerts === undefined) return undefined;
  const { readAlertRules } = await import('../query/alerts/rules.ts');
  return readAlertRules(alerts);
}

function conditionsIn({ conditions }: Settings): CollectorOptions['conditions'] {
  if (conditions === undefined) return undefined;
  try {
    return readConditions(conditions);
  } catch (error) {
    if (error instanceof ConditionsError) throw new SettingsError(`--conditions: ${error.message}`);
    throw error;
  }
}

/** Rows of a collector elsewhere may be stored so much later than they were received, in milliseconds. */
const BEHIND_ELSEWHERE_MS = 10 * 60_000;

/** @param collector of this process, if it has one */
async function answerQuestions(
  parts: Parts,
  { rules, policies }: { rules: AlertRules | undefined; policies: Policies | undefined },
  collector: Collector | undefined,
): Promise<QueryService> {
  const { settings, storage, access, tls, tracing, logger, stops } = parts;
  const otlp = collector?.private ?? collectorElsewhere(settings);
  const history = connect({
    clickhouse: { ...storage.query, database },
    reader: { ...storage.reader, database },
    ...(otlp && { otlp }),
    policies,
    traceUrl: settings['trace-url'],
    skippedFailures: collector && (() => collector.stats().skippedFailures),
  });
  stops.push(() => history.close());
  // Not as those whose statements may fill their user's slots.
  const { partialAnswers: _, ...asQuery } = storage.query;
  const health = connectClickHouse({ ...asQuery, database });
  stops.push(() => health.close());
  const alerts =
    rules &&
    (await import('../query/alerts/index.ts')).startAlerts({
      settings: rules,
      clickhouse: { ...storage.writer, database },
      isAlone: settings['clickhouse-url'].length === 0,
      behindMs: () => collector?.stats().queue.oldestAgeMs ?? BEHIND_ELSEWHERE_MS,
      logger: logger.child({ component: 'alerts' }),
    });
  if (alerts) stops.push(() => alerts.close());
  const queryLogger = logger.child({ component: 'query' });
  const query = await startQueryService({
    history,
    host: settings.host,
    port: settings['query-port'],
    basePath: settings['base-path'],
    version,
    access,
    rateLimit: settings['query-rate-limit'],
    maxAge: settings['query-max-age-seconds'] * 1000,
    createServer: (handler) => createHttpServer(handler, tls),
    // Any address is enough: a shard that is away is said by the answers, and not to the balancer.
    ready: async () => {
      const answer = await health.ping({ select: true });
      if (!answer.success) throw answer.error;
      return true;
    },
    watch: (app) =>
      watchQueryService(app, {
        access: access.read,
        alerts,
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
  return query;
}

function collectorElsewhere(settings: Settings): OtlpOptions | undefined {
  const url = settings['collector-url'];
  if (url === undefined) return undefined;
  // What is recorded are changes: they need the token that may change, where there is one.
  const [token] = [
    ...(settings['admin-token'].length > 0 ? settings['admin-token'] : settings['query-token']),
    ...settings['ingest-token'],
  ];
  return { url, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } };
}

function warnOfOpenDoors(settings: Settings, logger: Logger): void {
  if (isLoopback(settings.host) || settings['tls-cert'] !== undefined) return;
  logger.warn(
    `tokens and data go over the network in clear text: give --tls-cert and --tls-key, or have ` +
      `something before ${settings.host} that ends TLS`,
  );
}
