// Alerts: changes of groups are found, stored and sent (docs/decisions/0023-alerts.md).
import type { Logger } from 'pino';
import { type ClickHouseOptions, Store } from '../base/store.ts';
import { Courier, type CourierStats, type Patience, usualPatience } from './courier.ts';
import { Lease, type LeaseTimes } from './lease.ts';
import { AlertLog, type Delivery } from './log.ts';
import type { AlertRules } from './rules.ts';
import { send } from './send.ts';
import { AlertWatch } from './watch.ts';

export interface AlertsOptions {
  settings: AlertRules;
  /** As a user who may write the tables `alerts` and `leases`. */
  clickhouse: ClickHouseOptions;
  /** No other process can have rules over these tables: the embedded engine. @default false */
  isAlone?: boolean;
  /** Milliseconds by which rows may be stored later than they were received. */
  behindMs(): number;
  patience?: Patience;
  leaseTimes?: LeaseTimes;
  logger: Logger;
}

export interface Alerts {
  /** By receiver, since the start. */
  stats(): ReadonlyMap<string, CourierStats>;
  /** Whether this process looks and sends, and not another one with rules over the same tables. */
  isActive(): boolean;
  /** Stops looking, ends tries that go on or breaks them off; what waits is sent after the next start. */
  close(): Promise<void>;
}

/** How long a try may go on at the end, in milliseconds. */
const GRACE_MS = 2_000;

/**
 * Starts looking for changes, in this process or, where several have rules over the same tables, in one of them.
 * ClickHouse need not answer yet.
 */
export function startAlerts(options: AlertsOptions): Alerts {
  const { clickhouse, settings, leaseTimes, isAlone = false } = options;
  const store = new Store(clickhouse);
  const log = new AlertLog(store, clickhouse);
  const counted = new Map([...settings.receivers.keys()].map((name) => [name, zero()]));
  let sending: Sending | undefined;
  const begin = (): (() => Promise<void>) => {
    const now = startSending(options, store, log);
    sending = now;
    return async () => {
      sending = undefined;
      await now.close();
      for (const [name, stats] of now.stats()) counted.set(name, sum(counted.get(name)!, stats));
    };
  };
  const { logger } = options;
  const lease = isAlone
    ? undefined
    : new Lease({ name: 'alerts', store, clickhouse, times: leaseTimes, work: begin, logger });
  const end = isAlone ? begin() : undefined;
  return {
    stats: () => {
      const now = sending?.stats();
      return new Map([...counted].map(([name, stats]) => [name, sum(stats, now?.get(name))]));
    },
    isActive: () => sending !== undefined,
    close: async () => {
      await Promise.all([lease?.close(), end?.()]);
      await Promise.all([log.close(), store.close()]);
    },
  };
}

const zero = (): CourierStats => ({ pending: 0, sent: 0, failedTries: 0, givenUp: 0 });

/** What waits is only known to the process that sends. */
const sum = (before: CourierStats, now: CourierStats = zero()): CourierStats => ({
  pending: now.pending,
  sent: before.sent + now.sent,
  failedTries: before.failedTries + now.failedTries,
  givenUp: before.givenUp + now.givenUp,
});

interface Sending {
  stats(): ReadonlyMap<string, CourierStats>;
  close(): Promise<void>;
}

function startSending(options: AlertsOptions, store: Store, log: AlertLog): Sending {
  const { settings, logger, behindMs, patience = usualPatience } = options;
  const couriers = new Map(
    [...settings.receivers].map(([receiver, how]) => [
      receiver,
      new Courier({
        receiver,
        send: ({ alert_id: id, agent_id, payload }, signal) =>
          send(how, { id, agent_id, payload }, signal),
        save: (delivery) => log.save([delivery]),
        pending: (limit) => log.pending(receiver, patience, limit),
        patience,
        logger,
      }),
    ]),
  );
  const toStore = () => {
    const stored = [...couriers].map(([name, courier]) => [name, courier.toStore()] as const);
    return (deliveries: readonly Delivery[]): void => {
      for (const [name, storedFor] of stored)
        storedFor(deliveries.filter(({ receiver }) => receiver === name));
    };
  };
  const readAgain = (): void => {
    for (const courier of couriers.values()) courier.readAgain();
  };
  const watch = new AlertWatch({ store, log, settings, behindMs, toStore, readAgain, logger });
  return {
    stats: () => new Map([...couriers].map(([receiver, courier]) => [receiver, courier.stats()])),
    close: async () => {
      await watch.close();
      await Promise.all([...couriers.values()].map((courier) => courier.close(GRACE_MS)));
    },
  };
}
