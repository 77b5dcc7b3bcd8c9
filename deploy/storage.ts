// Where failures are kept: the embedded engine, or a server of the user's own.
import type { Logger } from 'pino';
import { readOptions, readSettings, writeSettings } from './clickhouse/cluster/sharding.ts';
import { type ClickHouseConnection, DATABASE } from './clickhouse/migrate.ts';
import type { RunningEngine } from './engine/index.ts';
import { superviseEngine } from './engine/supervise.ts';
import type { Settings } from './settings.ts';

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

/** Makes ready what the settings name. */
export async function storageOf(settings: Settings, logger: Logger): Promise<Storage> {
  if (settings['clickhouse-url'].length > 0) return externalStorage(settings);
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

function externalStorage(settings: Settings): Storage {
  const url = settings['clickhouse-url'];
  const { writing, reading } = statementSettings(settings);
  const answering = { ...reading, partialAnswers: settings['partial-answers'] };
  const user = {
    username: settings['clickhouse-user'],
    password: settings['clickhouse-password'],
  };
  const readerUser = settings['clickhouse-reader-user'];
  const reader =
    readerUser === undefined
      ? user
      : { username: readerUser, password: settings['clickhouse-reader-password'] };
  return {
    writer: { url, ...user, ...writing },
    query: { url, ...user, ...answering },
    reader: { url, ...reader, ...answering },
    broken: new Promise(() => {}),
    stop: async () => {},
  };
}

type Sent = Pick<ClickHouseConnection, 'clickhouse_settings' | 'inRotation'>;

/** What a cluster has to be sent with every statement. Who writes reads too, and then needs all shards. */
function statementSettings(settings: Settings): { writing: Sent; reading: Sent } {
  if (settings['clickhouse-cluster'] === undefined) return { writing: {}, reading: {} };
  return {
    writing: { clickhouse_settings: { ...readSettings(DATABASE), ...writeSettings } },
    reading: readOptions(DATABASE, settings['clickhouse-url'].length),
  };
}
