// Alerts: changes of groups are found, stored and sent (docs/decisions/0023-alerts.md).
import type { Logger } from 'pino';
import { type ClickHouseOptions, Store } from '../base/store.ts';
import { Courier, type CourierStats, type Patience, usualPatience } from './courier.ts';
import { AlertLog, type Delivery } from './log.ts';
import type { AlertRules } from './rules.ts';
import { send } from './send.ts';
import { AlertWatch } from './watch.ts';

export interface AlertsOptions {
  settings: AlertRules;
  /** As a user who may write the table `alerts`. */
  clickhouse: ClickHouseOptions;
  /** Milliseconds by which rows may be stored later than they were received. */
  behindMs(): number;
  patience?: Patience;
  logger: Logger;
}

export interface Alerts {
  /** By receiver, since the start. */
  stats(): ReadonlyMap<string, CourierStats>;
  /** Stops looking, ends tries that go on or breaks them off; what waits is sent after the next start. */
  close(): Promise<void>;
}

/** How long a try may go on at the end, in milliseconds. */
const GRACE_MS = 2_000;

/** Starts looking for changes. ClickHouse need not answer yet. */
export function startAlerts(options: AlertsOptions): Alerts {
  const { settings, clickhouse, logger, behindMs, patience = usualPatience } = options;
  const store = new Store(clickhouse);
  const log = new AlertLog(store, clickhouse);
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
  const found = (deliveries: readonly Delivery[]): void => {
    for (const [receiver, courier] of couriers) {
      courier.add(deliveries.filter((delivery) => delivery.receiver === receiver));
    }
  };
  const readAgain = (): void => {
    for (const courier of couriers.values()) courier.readAgain();
  };
  const watch = new AlertWatch({ store, log, settings, behindMs, found, readAgain, logger });
  return {
    stats: () => new Map([...couriers].map(([receiver, courier]) => [receiver, courier.stats()])),
    close: async () => {
      await watch.close();
      await Promise.all([...couriers.values()].map((courier) => courier.close(GRACE_MS)));
      await Promise.all([log.close(), store.close()]);
    },
  };
}
