// The collector: OTLP in, rows out.
import type { ClickHouseSettings } from '@clickhouse/client';
import { Redaction } from '../instrumentation/redaction/index.ts';
import { BUILT_IN_CONDITIONS, conditionsOf } from './conditions/index.ts';
import type { ConditionsFile } from './conditions/rules-file.ts';
import type { KeepPolicy } from './decode/flags.ts';
import { DiskBound } from './forget/disk-bound.ts';
import { type Forgotten, forget } from './forget/forget.ts';
import { addForgetRoute } from './forget/routes.ts';
import type { EveryServer } from './forget/stored-rows.ts';
import type { ForgetTarget } from './forget/target.ts';
import { type MappingOptions, type MappingStats, MappingWatch } from './grouping/watch.ts';
import { Linker, type LinkerStats, type LinkingOptions } from './linking/linker.ts';
import { type LostRunOptions, type LostRunStats, LostRunWatch } from './lost-runs/watch.ts';
import { addDeadLetterRoutes } from './queue/admin.ts';
import { type Queue, type QueueOptions, type QueueStats, startQueue } from './queue/index.ts';
import { observed, type Sink } from './queue/sink.ts';
import { type DoorOptions, openDoors, type PrivateDoor } from './receive/doors.ts';
import { LogService, type LogStats } from './receive/logs.ts';
import { TraceService, type TraceStats } from './receive/traces.ts';
import { type Addresses, type ClickHouse, connectClickHouse } from './serving/clickhouse.ts';
import { type HistoryAccess, historyAccess } from './serving/tokens.ts';
import type { Tracing } from './serving/tracing.ts';
import { clickHouseCheck, queueCheck } from './telemetry/health.ts';
import { Telemetry } from './telemetry/index.ts';

export { failureId } from '../instrumentation/semconv/failure-id.ts';
export { ConditionsError, readConditions } from './conditions/rules-file.ts';
export type { KeepPolicy } from './decode/flags.ts';
export {
  type Fingerprint,
  type FingerprintInput,
  fingerprint,
} from './materialize/fingerprint/v1.ts';
export { QueueError } from './queue/index.ts';
export { CollectorError } from './receive/doors.ts';
export type { SkippedFailures } from './receive/skipped-failures.ts';
export {
  type ConnectionLimits,
  createHttpServer,
  type TlsOptions,
} from './serving/http-server.ts';
export {
  type AccessCheck,
  type HistoryAccess,
  historyAccess,
  type Verdict,
} from './serving/tokens.ts';
export type { Tracing } from './serving/tracing.ts';
export { type OwnTraces, startOwnTraces } from './telemetry/own-traces.ts';

type Inside = 'addRoutes' | 'grpcInterceptors' | 'checks';

/** Options of {@link startCollector}. */
export interface CollectorOptions extends Omit<DoorOptions, Inside> {
  /** Where the rows go; the tables must exist there. */
  clickhouse: {
    url: Addresses;
    username: string;
    password: string;
    database: string;
    /** Sent with every statement. */
    clickhouse_settings?: ClickHouseSettings;
  };
  /** Opens the cluster that the tables are spread over. @default tables of one server */
  openCluster?: (() => Promise<EveryServer>) | undefined;
  /** Which spans are stored besides the executor's own. */
  keep: KeepPolicy;
  /** Whether national ids are removed as well. @default false */
  redactNationalIds?: boolean;
  /** Where accepted rows wait until ClickHouse has them. */
  queue: QueueOptions;
  /** How rows that belong together but came apart are linked. */
  linking?: LinkingOptions | undefined;
  /** When a run that is not heard of any more is a failure. @default never */
  lostRuns?: LostRunOptions | undefined;
  /** How fingerprints that are one problem are found. @default not looked for */
  mapping?: MappingOptions | undefined;
  /** Who may read `/metrics` and use the dead letters. @default callers on this machine */
  access?: HistoryAccess;
  /** Of Faultline, for the metrics. @default 'unknown' */
  version?: string;
  /** Bytes that the tables may take, on a cluster all shards together; 0 = no bound. @default 0 */
  maxDiskBytes?: number;
  /** The user's conditions, see `readConditions`. @default the built-in ones alone */
  conditions?: ConditionsFile | undefined;
  /** Traces the collector itself. @default not traced */
  tracing?: Tracing | undefined;
}

/** Counts since the start, and what waits now. */
export interface CollectorStats extends TraceStats {
  logs: LogStats;
  queue: QueueStats;
  linking: LinkerStats;
  lostRuns: LostRunStats;
  mapping: MappingStats;
}

/** A collector that runs. */
export interface Collector {
  /** Base of the OTLP/HTTP endpoint, such as `http://127.0.0.1:4318`. */
  url: string;
  port: number;
  /** Address of the gRPC endpoint, such as `http://127.0.0.1:4317`; undefined without gRPC. */
  grpcUrl: string | undefined;
  grpcPort: number | undefined;
  /** Where this process itself sends spans, whatever tokens and TLS the others need. */
  private: PrivateDoor;
  /**
   * Resolves when all that was accepted until now can be read in ClickHouse or is a dead letter, and is
   * linked as far as it can be.
   */
  drained(): Promise<void>;
  /**
   * Deletes what is stored of a session, an agent or a time, everywhere.
   * @throws {Error} when ClickHouse is away or refuses; then a part may have gone
   */
  forget(target: ForgetTarget): Promise<Forgotten>;
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
  const { logger, openCluster, tracing, version = 'unknown' } = options;
  const { access = historyAccess([], []) } = options;
  const client = connectClickHouse({
    ...options.clickhouse,
    application: 'faultline-collector',
    request_timeout: INSERT_TIMEOUT_MS,
  });
  const telemetry = new Telemetry({ version, tracing, logger });
  const queue = await startQueue({
    ...options.queue,
    ...{ client, inserted: telemetry.inserted, logger },
    isSpread: openCluster !== undefined,
  }).catch(async (error: unknown) => {
    telemetry.close();
    await client.close();
    throw error;
  });
  telemetry.queue(() => queue.stats(), options.queue.maxBytes);
  const upkeep = startUpkeep(options, { client, queue, telemetry });
  const { linker, lostRuns, mapping } = upkeep;
  const end = async (): Promise<void> => {
    await upkeep.close();
    await queue.close();
    telemetry.close();
    await client.close();
  };
  const sink = observed(queue.sink, [
    telemetry.accepted(),
    () => linker.observe(),
    () => lostRuns.observe(),
  ]);
  const { traces, logs } = servicesOf(sink, options, telemetry);
  const clickhouse = clickHouseCheck(client);
  const forgetting = (target: ForgetTarget): Promise<Forgotten> =>
    forget(target, {
      ...{ client, openCluster, queue, logger },
      settled: () => linker.settled(),
      withoutMapping: (work) => mapping.without(work),
    });
  let closing = false;
  const doors = await openDoors(
    {
      ...options,
      addRoutes: (app) => {
        telemetry.http(app, access.read);
        addDeadLetterRoutes(app, queue.deadLetters, access.administer);
        addForgetRoute(app, forgetting, access.administer);
      },
      grpcInterceptors: [telemetry.grpc()],
      checks: async () => ({
        queue: queueCheck(queue.sink.notReady()),
        clickhouse: await clickhouse(),
      }),
    },
    [traces, logs].map((service) => telemetry.service(service)),
    async () => (closing ? 'the collector is shutting down' : queue.sink.notReady()),
  ).catch(async (error: unknown) => {
    await end();
    throw error;
  });
  telemetry.bodies(doors.bodyBytes);
  return {
    ...doors,
    stats: () => ({
      ...traces.stats(),
      logs: logs.stats(),
      queue: queue.stats(),
      linking: linker.stats(),
      lostRuns: lostRuns.stats(),
      mapping: mapping.stats(),
    }),
    drained: () => linker.settled(),
    forget: forgetting,
    close: async () => {
      closing = true;
      await doors.close();
      await end();
    },
  };
}

/** What comes back to rows that are stored. */
interface Upkeep {
  linker: Linker;
  lostRuns: LostRunWatch;
  mapping: MappingWatch;
  close(): Promise<void>;
}

function startUpkeep(
  { logger, linking, lostRuns, mapping, maxDiskBytes = 0, openCluster }: CollectorOptions,
  { client, queue, telemetry }: { client: ClickHouse; queue: Queue; telemetry: Telemetry },
): Upkeep {
  const { sink } = queue;
  const drained = () => queue.drained();
  const linker = new Linker({
    client,
    queue: { sink, drained, oldestAgeMs: () => queue.stats().oldestAgeMs },
    logger,
    options: linking,
    linked: telemetry.linked,
  });
  telemetry.linker(() => linker.stats());
  linker.start();
  const lost = new LostRunWatch({
    client,
    queue: { sink, drained },
    logger,
    options: lostRuns ?? { afterMs: 0 },
  });
  const mapper = new MappingWatch({ client, sink, logger, options: mapping ?? { everyMs: 0 } });
  const disk =
    maxDiskBytes > 0
      ? new DiskBound({ client, openCluster, maxBytes: maxDiskBytes, logger })
      : undefined;
  telemetry.disk(() => disk?.stats() ?? { bytes: 0, weeks: 0 });
  return {
    linker,
    lostRuns: lost,
    mapping: mapper,
    close: async () => {
      await disk?.close();
      await mapper.close();
      await lost.close();
      await linker.close();
    },
  };
}

function servicesOf(
  sink: Sink,
  { keep, redactNationalIds = false, conditions: rules, logger }: CollectorOptions,
  telemetry: Telemetry,
): { traces: TraceService; logs: LogService } {
  const secrets = new Redaction({ nationalIds: redactNationalIds });
  const conditions = rules
    ? conditionsOf(rules, telemetry.ruleFaults(logger))
    : BUILT_IN_CONDITIONS;
  const traces = new TraceService(sink, keep, undefined, secrets, 'skipped', conditions);
  telemetry.skippedFailures(() => traces.stats().skippedFailures);
  return { traces, logs: new LogService(sink, undefined, secrets) };
}
