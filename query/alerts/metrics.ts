import type { Registry } from 'prom-client';
import { type Measure, measure } from '../../collector/serving/measure.ts';

interface Counted {
  pending: number;
  sent: number;
  failedTries: number;
  givenUp: number;
}
/** What became of alerts since the start, by receiver. */
export type AlertStats = ReadonlyMap<string, Counted>;

/** Alerts of this process. */
export interface WatchedAlerts {
  stats(): AlertStats;
  /** Whether this process sends. */
  isActive(): boolean;
}

/** Adds the metrics of alerts. */
export function addAlertMetrics(registry: Registry, { stats, isActive }: WatchedAlerts): void {
  measure(registry, {
    type: 'gauge',
    name: 'faultline_alerts_active',
    help: 'Whether this process sends alerts: one of those that have the rules.',
    read: () => (isActive() ? 1 : 0),
  });
  const add = (
    type: Measure['type'],
    name: string,
    help: string,
    read: (alerts: Counted) => number,
  ): void =>
    measure(registry, {
      type,
      name,
      help,
      labels: ['receiver'],
      read: () => [...stats()].map(([receiver, alerts]) => [{ receiver }, read(alerts)]),
    });

  add(
    'counter',
    'faultline_alerts_sent_total',
    'Alerts that were taken, by receiver.',
    (alerts) => alerts.sent,
  );
  add(
    'counter',
    'faultline_alert_failed_tries_total',
    'Tries to send an alert that failed, by receiver; it is tried again.',
    (alerts) => alerts.failedTries,
  );
  add(
    'counter',
    'faultline_alerts_given_up_total',
    'Alerts that a receiver did not take and that are tried no more, by receiver.',
    (alerts) => alerts.givenUp,
  );
  add(
    'gauge',
    'faultline_alerts_pending',
    'Alerts that wait to be taken, by receiver.',
    (alerts) => alerts.pending,
  );
}
