// Makes the tables at a start, or later when ClickHouse is away.
import { setTimeout as wait } from 'node:timers/promises';
import { ClickHouseError } from '@clickhouse/client';
import type { Logger } from 'pino';
import { differencesOf, unreachedShards } from './clickhouse/cluster/differences.ts';
import { KeeperAwayError } from './clickhouse/cluster/members.ts';
import { migrateCluster } from './clickhouse/cluster/migrate-cluster.ts';
import { type ClickHouseConnection, MigrationError, migrate } from './clickhouse/migrate.ts';

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;

/**
 * Makes the tables now or, when ClickHouse is away, as soon as it answers: what is accepted until
 * then waits in the queue.
 * @returns ends the waiting
 * @throws {Error} when ClickHouse refuses
 */
export async function makeTables(
  connection: ClickHouseConnection,
  tables: { database: string; retentionDays: number; cluster?: string },
  logger: Logger,
): Promise<() => Promise<void>> {
  const make = async (): Promise<void> => {
    const { cluster } = tables;
    const { applied } = await (cluster === undefined
      ? migrate(connection, tables)
      : migrateCluster(connection, { ...tables, cluster }));
    if (cluster !== undefined) {
      const lines = await Promise.all([
        differencesOf(connection),
        unreachedShards(connection, cluster),
      ]);
      for (const line of lines.flat()) logger.warn(line);
    }
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
    let logged = '';
    for (let pause = FIRST_RETRY_MS; ; pause = Math.min(pause * 2, LAST_RETRY_MS)) {
      await wait(pause, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        await make();
        logger.info('ClickHouse answers, and its tables are made');
        return;
      } catch (error) {
        const { message } = error as Error;
        if (!isAway(error) && message !== logged) {
          logger.error({ err: error }, 'the tables cannot be made');
          logged = message;
        }
      }
    }
  })();
  return async () => {
    stopping.abort();
    await later;
  };
}

/** Whether ClickHouse, or its keeper, did not answer at all. */
function isAway(error: unknown): boolean {
  if (error instanceof KeeperAwayError) return true;
  const isChanged = error instanceof MigrationError && error.cause === undefined;
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof ClickHouseError) return false;
  }
  return !isChanged;
}
